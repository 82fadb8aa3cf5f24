import Glibc

@main
enum Main {
    static func main() {
        // A closed pipe is an error of the write, not a signal that kills a training run.
        signal(SIGPIPE, SIG_IGN)
        let code = Program().run(Array(CommandLine.arguments.dropFirst()), on: Terminal())
        exit(code.rawValue)
    }
}
