/// Which keys of a bucket a pipe reads: the part of the URL after the bucket.
///
/// `?` is one character but `/`, `*` any run without `/`, `**` any run, `{a,b}` and `{01..31}` are alternatives; everything else,
/// and everything written as `%XX`, is literal. Case counts. The whole key must match. Keys that end in `/` are folder markers and
/// never match.
///
/// Matching simulates a nondeterministic automaton, so its time is at most states × length of the key, whatever the pattern.
package struct KeyGlob: Hashable, Sendable {
    /// What all matching keys begin with: as long as the pattern fixes it. May be empty.
    package let literalPrefix: String
    /// The only key that can match, for a pattern without wildcards and alternatives.
    package let exactKey: String?

    private let states: [State]

    private enum State: Hashable {
        case literal(Unicode.Scalar, next: Int)
        case one(next: Int)
        /// Stays here on any character but `/`, and goes on to `next` without one.
        case run(next: Int)
        case anything(next: Int)
        case choice([Int])
        case match
    }

    package init(parsing text: some StringProtocol) throws(KeyGlobError) {
        let pattern = try KeyGlobPattern(parsing: text)
        var states: [State] = [.match]
        let start = try Self.compile(pattern.nodes[...], next: 0, into: &states)
        // The start goes last, so that nothing needs to remember where it is.
        states.append(.choice([start]))
        self.states = states
        (literalPrefix, exactKey) = Self.literalPrefix(of: states)
    }

    package func matches(_ key: String) -> Bool {
        guard !key.utf8.isEmpty, key.utf8.last != UInt8(ascii: "/") else { return false }
        guard key.utf8.starts(with: literalPrefix.utf8) else { return false }
        var active = ActiveStates(count: states.count)
        var next = ActiveStates(count: states.count)
        active.add(states.count - 1, of: states)
        for scalar in key.unicodeScalars {
            next.removeAll()
            for index in active.list {
                switch states[index] {
                case .literal(let wanted, let follower): if wanted == scalar { next.add(follower, of: states) }
                case .one(let follower): if scalar != "/" { next.add(follower, of: states) }
                case .run: if scalar != "/" { next.add(index, of: states) }
                case .anything: next.add(index, of: states)
                case .choice, .match: break
                }
            }
            swap(&active, &next)
            if active.list.isEmpty { return false }
        }
        return active.contains(0)
    }

    /// A set of states with their empty moves followed.
    private struct ActiveStates {
        private(set) var list: [Int] = []
        private var isIn: [Bool]

        init(count: Int) { isIn = Array(repeating: false, count: count) }

        func contains(_ index: Int) -> Bool { isIn[index] }

        mutating func removeAll() {
            for index in list { isIn[index] = false }
            list.removeAll(keepingCapacity: true)
        }

        mutating func add(_ first: Int, of states: [State]) {
            var open = [first]
            while let index = open.popLast() {
                guard !isIn[index] else { continue }
                isIn[index] = true
                list.append(index)
                switch states[index] {
                case .run(let follower), .anything(let follower): open.append(follower)
                case .choice(let branches): open += branches
                case .literal, .one, .match: break
                }
            }
        }
    }

    private static let maximumStates = 50_000

    /// Adds the states of `nodes` and returns the first of them.
    private static func compile(
        _ nodes: ArraySlice<KeyGlobPattern.Node>, next: Int, into states: inout [State]
    ) throws(KeyGlobError) -> Int {
        var next = next
        for node in nodes.reversed() {
            switch node {
            case .literal(let scalar): states.append(.literal(scalar, next: next))
            case .one: states.append(.one(next: next))
            case .run: states.append(.run(next: next))
            case .anything: states.append(.anything(next: next))
            case .choice(let branches):
                states.append(.choice(try compile(branches: branches.map { $0[...] }, next: next, into: &states)))
            }
            if states.count > maximumStates { throw KeyGlobError("is too large a pattern; use fewer alternatives in its braces") }
            next = states.count - 1
        }
        return next
    }

    /// Branches that begin alike share their first states, which keeps few states active in a range of many numbers.
    private static func compile(
        branches: [ArraySlice<KeyGlobPattern.Node>], next: Int, into states: inout [State]
    ) throws(KeyGlobError) -> [Int] {
        var groups: [Unicode.Scalar: [ArraySlice<KeyGlobPattern.Node>]] = [:]
        var order: [Unicode.Scalar] = []
        var starts: [Int] = []
        for branch in branches {
            guard case .literal(let scalar) = branch.first else {
                starts.append(try compile(branch, next: next, into: &states))
                continue
            }
            if groups[scalar] == nil { order.append(scalar) }
            groups[scalar, default: []].append(branch.dropFirst())
        }
        for scalar in order {
            guard let rests = groups[scalar] else { continue }
            if rests.count == 1 {
                let rest = try compile(rests[0], next: next, into: &states)
                states.append(.literal(scalar, next: rest))
            } else {
                states.append(.choice(try compile(branches: rests, next: next, into: &states)))
                states.append(.literal(scalar, next: states.count - 1))
            }
            starts.append(states.count - 1)
        }
        if states.count > maximumStates { throw KeyGlobError("is too large a pattern; use fewer alternatives in its braces") }
        return starts
    }

    /// Walks on while every active state waits for the same character.
    private static func literalPrefix(of states: [State]) -> (prefix: String, exactKey: String?) {
        var prefix = String.UnicodeScalarView()
        var active = ActiveStates(count: states.count)
        active.add(states.count - 1, of: states)
        while true {
            var wanted: Unicode.Scalar?
            var followers: [Int] = []
            for index in active.list {
                switch states[index] {
                case .choice: continue
                case .literal(let scalar, let follower) where wanted == nil || wanted == scalar:
                    wanted = scalar
                    followers.append(follower)
                case .match where active.list.allSatisfy({ $0 == 0 || isChoice(states[$0]) }):
                    return (String(prefix), String(prefix))
                default: return (String(prefix), nil)
                }
            }
            guard let wanted else { return (String(prefix), nil) }
            prefix.append(wanted)
            active.removeAll()
            for follower in followers { active.add(follower, of: states) }
        }
    }

    private static func isChoice(_ state: State) -> Bool {
        if case .choice = state { true } else { false }
    }
}
