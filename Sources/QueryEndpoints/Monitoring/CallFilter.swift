/// Which calls to list by how they ended.
public enum CallFilter: Hashable, Sendable {
    case status(Int)
    /// 4 for 400…499.
    case statusClass(Int)
    /// Not fully answered: also answers whose status says success and that were aborted.
    case failed
    case succeeded

    /// `404`, `4xx`, `error` or `ok`; nil for anything else.
    public init?(_ text: String) {
        switch text {
        case "error": self = .failed
        case "ok": self = .succeeded
        default:
            let digits = Array(text.utf8)
            guard digits.count == 3, (UInt8(ascii: "1")...UInt8(ascii: "5")).contains(digits[0]) else { return nil }
            if text.hasSuffix("xx") {
                self = .statusClass(Int(digits[0] - UInt8(ascii: "0")))
            } else if let status = Int(text), status >= 100 {
                self = .status(status)
            } else {
                return nil
            }
        }
    }

    /// A condition on columns of the log.
    var condition: String {
        switch self {
        case .status(let status): "status = \(status)"
        case .statusClass(let first): "intDiv(status, 100) = \(first)"
        case .failed: "error_class != ''"
        case .succeeded: "error_class = ''"
        }
    }
}
