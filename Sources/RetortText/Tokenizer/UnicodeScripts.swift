/// The script of each character up to Unicode 9, from Oniguruma's tables.
enum UnicodeScripts {
    /// A script by its place in ``names``.
    typealias Script = UInt8

    /// Stands for every script, as spaces and unassigned characters do: they never separate.
    static let any: Script = 255

    private static let table: [(range: ClosedRange<UInt32>, script: Script)] = {
        var entries: [(range: ClosedRange<UInt32>, script: Script)] = []
        for (index, name) in names.enumerated() {
            for range in RegularExpression.codePoints(of: name) ?? [] {
                entries.append((range, Script(index)))
            }
        }
        return entries.sorted { $0.range.lowerBound < $1.range.lowerBound }
    }()

    private static let han = Script(names.firstIndex(of: "Han") ?? 0)
    private static let syllabaries = ["Hiragana", "Katakana"].compactMap {
        names.firstIndex(of: $0).map(Script.init)
    }

    /// The script of a character; Hiragana and Katakana count as Han, a space as any.
    static func script(of scalar: Unicode.Scalar) -> Script {
        if scalar == " " || !scalar.isAssigned(by: 9) { return any }
        if scalar.value == 0x30fc { return han }
        var low = 0
        var high = table.count
        while low < high {
            let middle = (low + high) / 2
            if table[middle].range.upperBound < scalar.value {
                low = middle + 1
            } else {
                high = middle
            }
        }
        guard low < table.count, table[low].range.contains(scalar.value) else { return any }
        let script = table[low].script
        return syllabaries.contains(script) ? han : script
    }

    /// Unicode's script names.
    private static let names = """
        Adlam Ahom Anatolian_Hieroglyphs Arabic Armenian Avestan Balinese Bamum Bassa_Vah Batak \
        Bengali Bhaiksuki Bopomofo Brahmi Braille Buginese Buhid Canadian_Aboriginal Carian \
        Caucasian_Albanian Chakma Cham Cherokee Chorasmian Common Coptic Cuneiform Cypriot \
        Cypro_Minoan Cyrillic Deseret Devanagari Dives_Akuru Dogra Duployan Egyptian_Hieroglyphs \
        Elbasan Elymaic Ethiopic Georgian Glagolitic Gothic Grantha Greek Gujarati Gunjala_Gondi \
        Gurmukhi Han Hangul Hanifi_Rohingya Hanunoo Hatran Hebrew Hiragana Imperial_Aramaic \
        Inherited Inscriptional_Pahlavi Inscriptional_Parthian Javanese Kaithi Kannada Katakana \
        Kayah_Li Kharoshthi Khitan_Small_Script Khmer Khojki Khudawadi Lao Latin Lepcha Limbu \
        Linear_A Linear_B Lisu Lycian Lydian Mahajani Makasar Malayalam Mandaic Manichaean Marchen \
        Masaram_Gondi Medefaidrin Meetei_Mayek Mende_Kikakui Meroitic_Cursive \
        Meroitic_Hieroglyphs Miao Modi Mongolian Mro Multani Myanmar Nabataean Nandinagari \
        New_Tai_Lue Newa Nko Nushu Nyiakeng_Puachue_Hmong Ogham Ol_Chiki Old_Hungarian Old_Italic \
        Old_North_Arabian Old_Permic Old_Persian Old_Sogdian Old_South_Arabian Old_Turkic \
        Old_Uyghur Oriya Osage Osmanya Pahawh_Hmong Palmyrene Pau_Cin_Hau Phags_Pa Phoenician \
        Psalter_Pahlavi Rejang Runic Samaritan Saurashtra Sharada Shavian Siddham SignWriting \
        Sinhala Sogdian Sora_Sompeng Soyombo Sundanese Syloti_Nagri Syriac Tagalog Tagbanwa Tai_Le \
        Tai_Tham Tai_Viet Takri Tamil Tangsa Tangut Telugu Thaana Thai Tibetan Tifinagh Tirhuta \
        Toto Ugaritic Vai Vithkuqi Wancho Warang_Citi Yezidi Yi Zanabazar_Square
        """.split(separator: " ").map(String.init)
}
