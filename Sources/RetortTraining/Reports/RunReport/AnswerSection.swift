/// Answers that evaluations kept: how many were right, and some of every kind.
struct AnswerSection {
    private let files: [AnswerFile]

    init(_ report: RunReport) { files = report.answers.filter { !$0.answers.isEmpty } }

    var markup: Markup {
        guard !files.isEmpty else { return "" }
        let samples = AnsweredQuestion.samples(files)
        return """
            <section id="answers" aria-labelledby="answers-title">
            <h2 id="answers-title">Answers</h2>
            <ul class="scores">\(files.map(score))</ul>
            <p>\(samples.count) of \(Humanized.count(questionCount)) questions, chosen so that \
            every outcome is among them:</p>
            <div class="samples">\(samples.map(question))</div>
            </section>
            """
    }

    private var questionCount: Int { Set(files.flatMap { $0.answers.map(\.question) }).count }

    private func score(_ file: AnswerFile) -> Markup {
        let judged = file.judgedCount
        guard judged > 0 else {
            return "<li><b>\(file.name)</b> \(Humanized.count(file.answers.count)) answers</li>"
        }
        let share = Humanized.fixed(100 * Double(file.correctCount) / Double(judged), 1)
        return """
            <li><b>\(file.name)</b> \(share) % right <small>\(
                Humanized.count(file.correctCount)) of \(Humanized.count(judged))</small></li>
            """
    }

    private func question(_ sample: AnsweredQuestion) -> Markup {
        let turns = sample.question.prompt.map { turn -> Markup in
            "<div class=\"turn\"><span class=\"role\">\(turn.role)</span><p>\(turn.content)</p></div>"
        }
        let expected: Markup =
            sample.question.expected.map { text -> Markup in
                """
                <div class="turn expected"><span class="role">expected</span><p>\(text)</p></div>
                """
            } ?? ""
        let answers = zip(files, sample.answers).map { file, answer -> Markup in
            guard let answer else { return "" }
            return """
                <div class="turn answer"><span class="role">\(file.name)</span><p>\(
                    answer.answer)</p>\(verdict(answer.isCorrect))</div>
                """
        }
        return "<article class=\"panel sample\">\(turns)\(expected)\(answers)</article>"
    }

    private func verdict(_ isCorrect: Bool?) -> Markup {
        switch isCorrect {
        case true?: "<span class=\"verdict good\">✓ right</span>"
        case false?: "<span class=\"verdict bad\">✗ wrong</span>"
        case nil: ""
        }
    }
}
