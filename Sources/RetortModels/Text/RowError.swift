/// A line of an input file that lacks what a command reads.
public enum RowError: Error, Equatable, CustomStringConvertible {
    /// A key is not there or of the wrong type; `place` is path and line.
    case missing(place: String, key: String, what: String)

    /// One sentence.
    public var description: String {
        switch self {
        case .missing(let place, let key, let what): "\(place): \(key) is not \(what)."
        }
    }
}
