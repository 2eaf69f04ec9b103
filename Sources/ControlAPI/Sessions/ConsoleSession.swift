package import FoundationEssentials

/// One sign-in of the console: a browser that acts for a key.
package struct ConsoleSession: Sendable, Hashable {
    /// Resource id of the key. A key made later under the same name is another.
    package var keyID: String
    /// The key, as the catalog finds it.
    package var keyIDHash: String
    /// Goes with every change in the header `X-CSRF-Token`: a page of another origin cannot know it.
    package var csrfToken: String
    package var openedAt: Date
    package var usedAt: Date
}
