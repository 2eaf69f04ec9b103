import PipeCore
import PostgresConnector
import Testing

/// What is concluded from the columns of a relation message, the table as its rows were so far, and the catalog of now.
struct RelationChangeTests {
    typealias Columns = [(String, UInt32, Int)]
    private static let renaming: JSONValue = ["renameColumn": "rename"]
    private static let before: Columns = [("id", 23, 1), ("a", 25, 2), ("b", 25, 3)]

    private func change(
        _ sent: [String], catalog: Columns, table: Columns = before, places: [String: Int] = [:], _ changes: JSONValue = renaming
    ) throws -> RelationChange {
        var mirrored = try TableExample.table(table, changes)
        mirrored.places.merge(places) { now, _ in now }
        return RelationChange(mirrored, sent: sent, catalog: TableExample.description(catalog))
    }

    @Test func aNewNameAtTheSamePlaceIsARename() throws {
        let now: Columns = [("id", 23, 1), ("a", 25, 2), ("c", 25, 3)]
        let renamed = try change(["id", "a", "c"], catalog: now)
        #expect(renamed.renames == [RelationChange.Rename(from: "b", to: "c")] && renamed.added.isEmpty && renamed.dropped.isEmpty)
        let added = try change(["id", "a", "c"], catalog: now, [:])
        #expect(added.additionsByRename == [RelationChange.Rename(from: "b", to: "c")] && added.added == ["c"] && added.renames.isEmpty)
    }

    @Test func anotherPlaceIsAnotherColumn() throws {
        let change = try change(["id", "a", "c"], catalog: [("id", 23, 1), ("a", 25, 2), ("c", 25, 4)])
        #expect(change.renames.isEmpty && change.added == ["c"] && change.dropped == ["b"] && change.problem == nil)
    }

    @Test func aColumnThatIsYoungerThanTheRelationIsNotDropped() throws {
        #expect(try change(["id", "a"], catalog: Self.before).isEmpty)
    }

    /// The pipe rested over a rename: the target has the new name, and the stream comes with the old one.
    @Test func aNameOfBeforeIsTheColumnOfToday() throws {
        let now: Columns = [("id", 23, 1), ("a", 25, 2), ("c", 25, 3)]
        let change = try change(["id", "a", "b"], catalog: now, table: now, places: ["b": 3])
        #expect(change.aliases == ["b": "c"] && change.isEmpty)
    }

    @Test func aNameBetweenTwoRenamesIsFollowedWhereItIsCertain() throws {
        let one = try change(["id", "a", "between"], catalog: [("id", 23, 1), ("a", 25, 2), ("last", 25, 3)])
        #expect(one.aliases == ["between": "b"] && one.isEmpty)
        let ahead = try change(
            ["id", "gone", "between"], catalog: [("id", 23, 1), ("last", 25, 3), ("d", 23, 5)],
            table: [("id", 23, 1), ("last", 25, 3), ("d", 23, 5)], places: ["b": 3, "gone": 2])
        #expect(ahead.aliases == ["between": "last"] && ahead.isEmpty)
        let two = try change(["id", "x", "y"], catalog: [("id", 23, 1), ("a2", 25, 2), ("b2", 25, 3)])
        #expect(two.problem?.contains("were renamed more than once (x, y)") == true)
    }

    @Test func aLostKeyIsAProblem() throws {
        let renamed = try change(["ident", "a", "b"], catalog: [("ident", 23, 1), ("a", 25, 2), ("b", 25, 3)])
        #expect(renamed.problem?.contains("was renamed to 'ident'") == true)
        let dropped = try change(["a", "b"], catalog: [("a", 25, 2), ("b", 25, 3)])
        #expect(dropped.problem?.contains("was dropped") == true)
    }
}
