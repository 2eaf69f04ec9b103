package import QueryEndpoints

/// What the routes that run queries are made of, besides what every route is.
package struct RunDependencies: Sendable {
    package var runner: QueryRunner
    package var tokens: TokenVerifier

    package init(runner: QueryRunner, tokens: TokenVerifier) {
        self.runner = runner
        self.tokens = tokens
    }
}
