/// The difference of two texts as `diff -u` shows it.
enum UnifiedDiff {
    private static let context = 3
    /// Beyond, the search for the smallest difference takes too long.
    private static let mostLines = 20_000

    /// Empty when the texts are equal.
    static func lines(from old: [String], to new: [String], oldName: String, newName: String) -> [String] {
        if old == new { return [] }
        let head = ["--- \(oldName)", "+++ \(newName)"]
        guard old.count + new.count <= mostLines else { return head + ["(too long to compare line by line)"] }
        return head + hunks(edits(from: old, to: new))
    }

    private enum Edit {
        case keep(String)
        case remove(String)
        case insert(String)

        var text: String {
            switch self {
            case .keep(let line): " \(line)"
            case .remove(let line): "-\(line)"
            case .insert(let line): "+\(line)"
            }
        }
        var isChange: Bool { if case .keep = self { false } else { true } }
        var isOld: Bool { if case .insert = self { false } else { true } }
        var isNew: Bool { if case .remove = self { false } else { true } }
    }

    private static func edits(from old: [String], to new: [String]) -> [Edit] {
        var removed: Set<Int> = []
        var inserted: Set<Int> = []
        for change in new.difference(from: old) {
            switch change {
            case .remove(let offset, _, _): removed.insert(offset)
            case .insert(let offset, _, _): inserted.insert(offset)
            }
        }
        var result: [Edit] = []
        var next = 0
        for index in 0...old.count {
            if index < old.count, removed.contains(index) {
                result.append(.remove(old[index]))
                continue
            }
            while next < new.count, inserted.contains(next) {
                result.append(.insert(new[next]))
                next += 1
            }
            if index < old.count {
                result.append(.keep(old[index]))
                next += 1
            }
        }
        return result
    }

    private static func hunks(_ edits: [Edit]) -> [String] {
        var ranges: [Range<Int>] = []
        for index in edits.indices where edits[index].isChange {
            let range = max(0, index - context)..<min(edits.count, index + context + 1)
            if let last = ranges.last, last.upperBound >= range.lowerBound {
                ranges[ranges.count - 1] = last.lowerBound..<range.upperBound
            } else {
                ranges.append(range)
            }
        }
        return ranges.flatMap { range -> [String] in
            let before = edits[..<range.lowerBound]
            let oldStart = before.count(where: \.isOld)
            let newStart = before.count(where: \.isNew)
            let oldCount = edits[range].count(where: \.isOld)
            let newCount = edits[range].count(where: \.isNew)
            // An empty side is named by the line before it.
            let head =
                "@@ -\(oldCount == 0 ? oldStart : oldStart + 1),\(oldCount) +\(newCount == 0 ? newStart : newStart + 1),\(newCount) @@"
            return [head] + edits[range].map(\.text)
        }
    }
}
