import CloudSigning
import Testing

/// moto refuses nobody a role; these answers are shaped as the STS API reference, "Common Errors", shows them.
@Suite struct AssumeRoleTests {
    private func refusal(_ status: Int, _ code: String) -> AssumeRole.Refusal? {
        let body = "<ErrorResponse><Error><Type>Sender</Type><Code>\(code)</Code><Message>no &amp; never</Message></Error></ErrorResponse>"
        return #expect(throws: AssumeRole.Refusal.self) {
            try AssumeRole.session(status: status, body: Array(body.utf8), role: "arn:aws:iam::1:role/r")
        }
    }

    @Test func aRefusedRoleIsTheUsersToMend() throws {
        let refusal = try #require(self.refusal(403, "AccessDenied"))
        #expect(!refusal.isPassing)
        #expect(refusal.message.contains("'arn:aws:iam::1:role/r'") && refusal.message.contains("(AccessDenied: no & never)"))
    }

    @Test(arguments: [(400, "Throttling"), (503, "ServiceUnavailable"), (500, "InternalFailure")])
    func passingTrouble(_ status: Int, _ code: String) { #expect(refusal(status, code)?.isPassing == true) }

    @Test func anAnswerWithoutCredentialsIsNone() {
        for body in ["", "<html>", "<AssumeRoleResponse><Credentials><AccessKeyId>A</AccessKeyId></Credentials></AssumeRoleResponse>"] {
            let refusal = #expect(throws: AssumeRole.Refusal.self) {
                try AssumeRole.session(status: 200, body: Array(body.utf8), role: "r")
            }
            #expect(refusal?.isPassing == true)
        }
    }
}
