"""Write Sources/RetortText/Tokenizer/UnicodeDecompositions.swift from Python's Unicode tables.

    python3 Tests/Interop/unicode_decompositions.py

Per code point with a decomposition: the distance from the one before, a byte of 4 * length + kind
(0 canonical, 1 canonical and composed again, 2 compatibility), and the mapped code points. Numbers
are little-endian groups of seven bits; the bytes are written in base 64. Hangul is computed, not
listed.
"""
import base64
import unicodedata
from pathlib import Path


def number(value):
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out) + bytes([value])


data, previous, count = bytearray(), 0, 0
for code in range(0x110000):
    mapping = unicodedata.decomposition(chr(code)).split()
    if not mapping:
        continue
    compatibility = mapping[0].startswith("<")
    scalars = [int(m, 16) for m in mapping[compatibility:]]
    kind = 2 if compatibility else int(unicodedata.normalize("NFC", chr(code)) == chr(code))
    data += number(code - previous) + bytes([4 * len(scalars) + kind])
    for scalar in scalars:
        data += number(scalar)
    previous, count = code, count + 1

text = base64.b64encode(bytes(data)).decode()
lines = "".join(f"        {text[at:at + 90]}\\\n" for at in range(0, len(text), 90))
path = Path(__file__).parent.parent / "Sources/RetortText/Tokenizer/UnicodeDecompositions.swift"
path.write_text(f'''/// The decomposition of every character that has one, in Unicode {unicodedata.unidata_version}: {count:,} of them.
///
/// Written by `Tests/Interop/unicode_decompositions.py`, which describes the format.
enum UnicodeDecompositions {{
    /// The table in base 64.
    static let encoded = """
{lines}
        """
}}
''')
print(count, len(data))
