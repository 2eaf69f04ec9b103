/// Percent-encoding as AWS signatures demand it: every UTF-8 byte except `A-Z a-z 0-9 - . _ ~` becomes `%XX` in upper case.
public enum PercentEncoding {
    private static let digits = Array("0123456789ABCDEF".utf8)

    /// `keeping` names one more ASCII character that stays as it is, such as `/` in a path.
    public static func encode(_ text: some StringProtocol, keeping kept: Character? = nil) -> String {
        let keptByte = kept?.asciiValue
        var result: [UInt8] = []
        result.reserveCapacity(text.utf8.count)
        for byte in text.utf8 {
            if isUnreserved(byte) || byte == keptByte {
                result.append(byte)
            } else {
                result.append(UInt8(ascii: "%"))
                result.append(digits[Int(byte >> 4)])
                result.append(digits[Int(byte & 15)])
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
            true
        default: false
        }
    }
}
