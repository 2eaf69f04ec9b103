/// A `{name:Type}` of a statement.
public struct QueryParameter: Hashable, Sendable {
    public var name: String
    /// As it stands in the SQL, without blanks around it and without comments: `Array(Nullable(UInt8))`.
    public var type: String
    package var dataType: DataType
}
