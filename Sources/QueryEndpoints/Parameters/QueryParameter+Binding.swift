import PipeCore

extension QueryParameter {
    /// The text for `param_<name>`.
    func bind(_ value: ParameterValue) throws(InvalidParameter) -> String {
        switch value {
        case .text(let text): return text
        case .json(.string(let text)): return text
        case .json: throw InvalidParameter(name: name, type: type, reason: "not yet")
        }
    }
}
