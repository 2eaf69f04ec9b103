private import Crypto
private import FoundationEssentials

/// Makes one text of the parameters of a call: equal for equal values, and without the key no help in guessing them.
struct ParameterHash: Sendable {
    private let key: SymmetricKey

    init(secret: String) { key = SymmetricKey(data: Data(secret.utf8)) }

    /// 32 hexadecimal digits: the first half of HMAC-SHA256 over names and values in the order of names, each after its length, so that
    /// no two sets of parameters run together. Empty without parameters.
    func text(_ values: [String: String]) -> String {
        if values.isEmpty { return "" }
        var code = HMAC<SHA256>(key: key)
        for (name, value) in values.sorted(by: { $0.key < $1.key }) {
            code.update(data: Data("\(name.utf8.count):\(value.utf8.count):\(name)\(value)".utf8))
        }
        var text = ""
        for byte in code.finalize().prefix(16) {
            if byte < 16 { text += "0" }
            text += String(byte, radix: 16)
        }
        return text
    }
}
