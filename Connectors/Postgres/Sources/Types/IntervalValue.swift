/// A Postgres interval and the JSON text that stands for it in ClickHouse: `{"hours":1,"minutes":2,"seconds":3.5,"days":4,"months":5,
/// "years":6,"valid":true}`, zeros left out.
struct IntervalValue {
    var months: Int64
    var days: Int64
    var microseconds: Int64

    init(months: Int64, days: Int64, microseconds: Int64) {
        self.months = months
        self.days = days
        self.microseconds = microseconds
    }

    /// Reads IntervalStyle `iso_8601`: `P1Y2M-3DT4H5M-6.7S`.
    init(text: UnsafeRawBufferPointer) throws(WireError) {
        self.init(months: 0, days: 0, microseconds: 0)
        var rest = text[...]
        guard rest.popFirst() == UInt8(ascii: "P") else { throw WireError("is not an interval") }
        var isTime = false
        while let first = rest.first {
            if first == UInt8(ascii: "T") {
                isTime = true
                rest.removeFirst()
                continue
            }
            let isNegative = first == UInt8(ascii: "-")
            if isNegative { rest.removeFirst() }
            var whole: Int64 = 0
            var fraction: Int64 = 0
            var unit: Int64 = 0
            var digits = 0
            scan: while let byte = rest.first {
                switch byte {
                case 0x30...0x39 where unit == 0:
                    digits += 1
                    guard digits <= 18 else { throw WireError("is an interval out of range") }
                    whole = whole * 10 + Int64(byte - 0x30)
                case 0x30...0x39:
                    fraction += Int64(byte - 0x30) * (unit > 1 ? unit / 10 : 0)
                    unit = max(1, unit / 10)
                case UInt8(ascii: "."): unit = 1_000_000
                default: break scan
                }
                rest.removeFirst()
            }
            guard let designator = rest.popFirst(), digits > 0 else { throw WireError("is not an interval") }
            let sign: Int64 = isNegative ? -1 : 1
            func scaled(_ factor: Int64) throws(WireError) -> Int64 {
                let (product, overflow) = whole.multipliedReportingOverflow(by: factor)
                guard !overflow else { throw WireError("is an interval out of range") }
                return sign * product
            }
            switch (designator, isTime) {
            case (UInt8(ascii: "Y"), false): months &+= try scaled(12)
            case (UInt8(ascii: "M"), false): months &+= try scaled(1)
            case (UInt8(ascii: "W"), false): days &+= try scaled(7)
            case (UInt8(ascii: "D"), false): days &+= try scaled(1)
            case (UInt8(ascii: "H"), true): microseconds &+= try scaled(3_600_000_000)
            case (UInt8(ascii: "M"), true): microseconds &+= try scaled(60_000_000)
            case (UInt8(ascii: "S"), true): microseconds &+= try scaled(1_000_000) &+ sign * fraction
            default: throw WireError("is not an interval")
            }
        }
    }

    var json: String {
        var members: [String] = []
        func add(_ name: String, _ value: Int64) { if value != 0 { members.append("\"\(name)\":\(value)") } }
        let (hours, afterHours) = microseconds.quotientAndRemainder(dividingBy: 3_600_000_000)
        let (minutes, seconds) = afterHours.quotientAndRemainder(dividingBy: 60_000_000)
        add("hours", hours)
        add("minutes", minutes)
        if seconds != 0 {
            let (whole, fraction) = abs(seconds).quotientAndRemainder(dividingBy: 1_000_000)
            var text = "\(seconds < 0 ? "-" : "")\(whole)"
            if fraction != 0 {
                var digits = String(fraction + 1_000_000).dropFirst()
                while digits.last == "0" { digits.removeLast() }
                text += ".\(digits)"
            }
            members.append("\"seconds\":\(text)")
        }
        add("days", days)
        add("months", months % 12)
        add("years", months / 12)
        members.append("\"valid\":true")
        return "{\(members.joined(separator: ","))}"
    }
}
