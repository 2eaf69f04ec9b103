import QueryEndpoints
import Testing

@Suite struct GrantLineTests {
    @Test func rightsAreToldFromRoles() {
        #expect(GrantLine("GRANT a, b TO u") == .roles(["a", "b"]))
        #expect(GrantLine("GRANT a TO u WITH ADMIN OPTION") == .roles(["a"]))
        #expect(GrantLine("GRANT SELECT ON db.* TO u") == .right("SELECT ON db.*"))
        #expect(GrantLine("GRANT SELECT(a, b), INSERT ON db.t TO u WITH GRANT OPTION") == .right("SELECT(a , b) , INSERT ON db.t"))
        #expect(GrantLine("GRANT CREATE USER ON * TO u") == .right("CREATE USER ON *"))
        #expect(GrantLine("REVOKE SELECT ON system.* FROM u") == .revoke)
        #expect(GrantLine("") == nil)
        #expect(GrantLine("SELECT 1") == nil)
    }

    @Test func namesInBackticksAreNames() {
        #expect(GrantLine(#"GRANT `we ird\`x ON`, `TO`, `a,b` TO `ON me`"#) == .roles(["we ird`x ON", "TO", "a,b"]))
        #expect(GrantLine("GRANT SELECT ON `TO`.* TO u") == .right("SELECT ON TO.*"))
        #expect(GrantLine("`GRANT` a TO u") == nil)
    }

    @Test func anAnswerIsItsLines() {
        #expect(GrantLine.lines("GRANT SELECT ON *.* TO u\nGRANT r TO u\n") == [.right("SELECT ON *.*"), .roles(["r"])])
        #expect(GrantLine.lines("").isEmpty)
    }
}
