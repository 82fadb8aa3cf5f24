import RetortFiles
import Testing

@Suite("SHA256")
struct SHA256Tests {
    @Test(
        "gives the sums of the standard's examples",
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
            ),
        ])
    func examples(text: String, sum: String) {
        #expect(SHA256.hash(Array(text.utf8)) == sum)
    }

    @Test(
        "gives the sum of a million letters, however they are cut",
        arguments: [1000, 63, 64, 65], [true, false])
    func pieces(size: Int, plain: Bool) {
        var hash = SHA256(plain: plain)
        var left = 1_000_000
        while left > 0 {
            let piece = [UInt8](repeating: UInt8(ascii: "a"), count: min(size, left))
            hash.update(piece)
            left -= piece.count
        }
        #expect(
            hash.finished() == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
    }
}
