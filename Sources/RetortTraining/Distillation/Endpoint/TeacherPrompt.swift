import RetortFiles
import RetortText

/// A conversation that a teacher is to answer.
public struct TeacherPrompt: Sendable, Equatable {
    /// File and line, for messages.
    public let place: String
    /// The data file's row.
    public let row: JSONObject
    /// The conversation up to where the teacher speaks.
    public let messages: [JSONValue]

    /// Takes the prompt out of a row: the conversation without the assistant's answer at its end,
    /// or all of it if it ends with someone else.
    ///
    /// - Parameters:
    ///   - row: A line such as `{"messages": […]}`, perhaps with `tools` and
    ///     `chat_template_kwargs`.
    ///   - place: File and line.
    /// - Throws: ``EndpointError/badPrompt(place:reason:)``.
    public init(row: JSONObject, place: String) throws(EndpointError) {
        do throws(ConversationError) {
            _ = try Conversation(row: .object(row))
        } catch {
            throw .badPrompt(place: place, reason: error)
        }
        var messages = row["messages"]?.array ?? []
        if messages.last?["role"]?.string == "assistant" { messages.removeLast() }
        if messages.isEmpty { throw .nothingAsked(place: place) }
        self.place = place
        self.row = row
        self.messages = messages
    }

    /// Reads the prompts of a data file.
    ///
    /// - Parameter path: JSON Lines of conversations.
    /// - Returns: One prompt a line.
    /// - Throws: ``EndpointError``, and the errors of JSON Lines.
    public static func read(_ path: String) throws -> [TeacherPrompt] {
        let file = try JSONLinesFile(path)
        return try (0..<file.count).map { index in
            try TeacherPrompt(
                row: file.object(index), place: "\(path):\(file.lineNumber(index))")
        }
    }

    /// The row with the teacher's answer at the end of its conversation.
    ///
    /// - Parameter answer: The teacher's.
    /// - Returns: A line for supervised training.
    public func answered(by answer: TeacherAnswer) -> JSONObject {
        var row = row
        row["messages"] = .array(messages + [.object(answer.message)])
        return row
    }
}
