import Testing

@testable import RetortCommand

@Suite("Terminal")
struct TerminalTests {
    @Test("keeps results and messages apart")
    func channels() throws {
        let output = RecordingStream()
        let errors = RecordingStream()
        let terminal = Terminal(output: output, errors: errors, isPlain: false, isDumb: false)
        try terminal.result("result")
        terminal.note("note")
        terminal.warning("careful")
        terminal.error("broken")
        #expect(output.text == "result\n")
        #expect(errors.text == "note\nwarning: careful\nretort: broken\n")
    }

    @Test("colours only a terminal that is not plain")
    func colour() {
        for (isTerminal, isPlain) in [(true, false), (true, true), (false, false)] {
            let stream = RecordingStream(isTerminal: isTerminal)
            let terminal = Terminal(output: stream, errors: stream, isPlain: isPlain, isDumb: false)
            let text = terminal.styled("x", .green, on: .output)
            #expect(text == (isTerminal && !isPlain ? "\u{1b}[32mx\u{1b}[0m" : "x"))
        }
    }

    @Test("tells when results cannot be written, and nothing of lost messages")
    func failures() {
        let broken = RecordingStream(failure: .failed("No space left on device"))
        let terminal = Terminal(output: broken, errors: broken, isPlain: true, isDumb: false)
        #expect(throws: TerminalError.failed("No space left on device")) {
            try terminal.result("x")
        }
        terminal.note("lost")
    }

    @Test("shows a message above the progress line")
    func messages() throws {
        let errors = RecordingStream(isTerminal: true, width: 8)
        let terminal = Terminal(
            output: RecordingStream(), errors: errors, isPlain: true, isDumb: false)
        terminal.draw("step 1 of many")
        terminal.note("hello")
        terminal.release()
        #expect(errors.text == "\r\u{1b}[Kstep 1 \r\u{1b}[Khello\nstep 1 \n")
    }
}

@Suite("Progress line")
struct ProgressLineTests {
    /// A clock that is set by hand.
    final class Clock {
        var time = 0.0
    }

    @Test("is printed now and then where nobody watches")
    func sparse() {
        let errors = RecordingStream()
        let terminal = Terminal(
            output: RecordingStream(), errors: errors, isPlain: true, isDumb: false)
        let clock = Clock()
        let progress = ProgressLine(on: terminal, "step", of: 1000, now: { clock.time })
        for step in 1...1000 {
            clock.time += 0.025
            progress.update(step, ["loss \(step)"])
        }
        progress.finish()
        let lines = errors.text.split(separator: "\n")
        #expect(lines.first == "step 1/1,000  loss 1  25.0 s left")
        #expect(lines.last == "step 1,000/1,000  loss 1000")
        #expect(lines.count == 4)
    }

    @Test("is redrawn on a terminal, at most ten times a second")
    func live() {
        let errors = RecordingStream(isTerminal: true)
        let terminal = Terminal(
            output: RecordingStream(), errors: errors, isPlain: true, isDumb: false)
        let clock = Clock()
        let progress = ProgressLine(on: terminal, "step", of: 100, now: { clock.time })
        for step in 1...100 {
            clock.time += 0.01
            progress.update(step)
        }
        progress.finish()
        let lines = errors.text.split(separator: "\r")
        #expect((10...12).contains(lines.count))
        #expect(errors.text.contains("step 51/100  ██████░░░░░░") || lines.count < 12)
        #expect(errors.text.hasSuffix("step 100/100  ████████████\n"))
        #expect(!errors.text.dropLast().contains("\n"))
    }

    @Test("counts the time of this run only")
    func resumed() {
        let errors = RecordingStream()
        let terminal = Terminal(
            output: RecordingStream(), errors: errors, isPlain: true, isDumb: false)
        let clock = Clock()
        let progress = ProgressLine(
            on: terminal, "step", of: 100, doneBefore: 90, now: { clock.time })
        clock.time = 4
        progress.update(92)
        #expect(errors.text == "step 92/100  16.0 s left\n")
    }
}
