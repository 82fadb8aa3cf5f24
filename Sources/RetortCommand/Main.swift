import Retort

@main
enum Main {
    static func main() {
        print("retort")
    }
}
