// Writes train.jsonl and test.jsonl of the smart-home data set; README.md is its data card.
//
//     swiftc -O generate.swift -o /tmp/generate && /tmp/generate FOLDER
//
// The same program always writes the same bytes: every choice comes from one seeded generator.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

let seed: UInt64 = 20_261_121
let testTotal = 300

// MARK: - Chance

/// Sebastiano Vigna's SplitMix64.
struct SplitMix64 {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// A number from 0 up to but not including `limit`.
    mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(limit)) }

    /// Whether an event that happens in `percent` of all cases happens now.
    mutating func chance(_ percent: Int) -> Bool { below(100) < percent }

    mutating func pick<T>(_ items: [T]) -> T { items[below(items.count)] }

    mutating func shuffled<T>(_ items: [T]) -> [T] {
        var items = items
        for last in stride(from: items.count - 1, to: 0, by: -1) {
            items.swapAt(last, below(last + 1))
        }
        return items
    }
}

/// FNV-1a over the bytes of a text.
func hash(_ text: String) -> UInt64 {
    text.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
}

// MARK: - Values and how people say them

/// What stands in a phrase for a slot, and the arguments that it means, as JSON.
struct Filling {
    var text: String
    var arguments: [String: String] = [:]
}

let rooms = [
    "kitchen", "bedroom", "bathroom", "living room", "study", "hallway", "garage", "nursery",
    "attic", "dining room", "guest room", "basement",
]
let genres = [
    "jazz", "classical", "rock", "pop", "blues", "folk", "reggae", "soul", "techno", "country",
]
let doors = ["front", "back", "garage", "patio", "cellar", "side", "balcony", "shed"]
let appliances = [
    "dishwasher", "washing machine", "dryer", "vacuum", "coffee machine", "dehumidifier",
    "air purifier", "bread maker",
]
let dishes = [
    "pasta", "eggs", "tea", "pizza", "rice", "bread", "cake", "potatoes", "soup", "lasagne",
    "muffins", "beans",
]
let days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
let goods = [
    "eggs", "lemons", "bananas", "tomatoes", "batteries", "light bulbs", "apples", "onions",
    "candles", "bread rolls", "avocados", "carrots", "oranges", "peppers",
]
let tasks = [
    "water the plants", "take out the trash", "call grandma", "feed the cat", "walk the dog",
    "pay the rent", "book the dentist", "charge the car", "close the windows", "pick up the kids",
    "bring in the washing", "buy the tickets", "send the invoice", "fetch the parcel",
]
let cities = ["Lisbon", "Oslo", "Vienna", "Boston", "Kyoto", "Cairo", "Dublin", "Toronto"]
let countries = ["Peru", "Norway", "Kenya", "Japan", "Portugal", "Canada", "Egypt", "Poland"]
let people = ["Anna", "Tom", "Maria", "Ben", "Sophie", "David", "Laura", "Paul"]
let meals = ["lasagne", "sushi", "curry", "goulash", "ramen", "paella", "risotto", "gazpacho"]

let ones = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen",
    "nineteen",
]
let tens = ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]

/// A number from 0 to 99 in words.
func spelled(_ number: Int) -> String {
    if number < 20 { return ones[number] }
    return tens[number / 10] + (number % 10 == 0 ? "" : "-" + ones[number % 10])
}

/// A time of day as people say it; the argument is always `HH:MM` on the 24-hour clock.
func time(_ hour: Int, _ minute: Int, _ random: inout SplitMix64) -> Filling {
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    func onDial(_ hour: Int) -> Int { (hour + 11) % 12 + 1 }
    let part =
        hour < 12 ? "in the morning" : hour < 18 ? "in the afternoon" : "in the evening"
    let half = hour < 12 ? "am" : "pm"
    let text: String
    switch (minute, random.below(20)) {
    case (_, 0..<8):
        text =
            random.chance(50) || hour > 9 ? "\(hour):\(two(minute))" : two(hour) + ":" + two(minute)
    case (0, 8..<13):
        text = hour == 12 ? "noon" : "\(onDial(hour)) \(half)"
    case (0, _):
        text = hour == 12 ? "noon" : "\(spelled(onDial(hour))) o'clock \(part)"
    case (15, 12...): text = "quarter past \(spelled(onDial(hour))) \(part)"
    case (30, 12...): text = "half past \(spelled(onDial(hour))) \(part)"
    default: text = "\(onDial(hour)):\(two(minute)) \(half)"
    }
    return Filling(text: text, arguments: ["time": "\"\(two(hour)):\(two(minute))\""])
}

/// A minute, full and quarter hours more often than others.
func minute(_ random: inout SplitMix64) -> Int {
    random.chance(70) ? random.pick([0, 0, 15, 30, 30, 45]) : 5 * random.below(12)
}

/// Fills a slot that stands in braces in a phrase.
func fill(_ slot: String, of tool: String, _ random: inout SplitMix64) -> Filling {
    func word(_ values: [String], _ argument: String) -> Filling {
        let value = random.pick(values)
        return Filling(text: value, arguments: [argument: "\"\(value)\""])
    }
    switch slot {
    case "room": return word(rooms, "room")
    case "genre": return word(genres, "genre")
    case "door": return word(doors, "door")
    case "appliance": return word(appliances, "device")
    case "label": return word(dishes, "label")
    case "day": return word(days, "day")
    case "task": return word(tasks, "text")
    case "city": return word(cities, "city")
    case "country": return word(countries, "country")
    case "person": return word(people, "person")
    case "meal": return word(meals, "meal")
    case "percent", "level":
        // What "dim to the maximum" means is open, so 100 is only ever "full brightness".
        let round = slot == "percent" ? [25, 50, 50, 75] : [25, 50, 50, 75, 100, 100]
        let inWords =
            slot == "percent"
            ? [25: "a quarter", 50: "half", 75: "three quarters"] : [50: "half", 100: "full"]
        let number = random.chance(35) ? random.pick(round) : 5 + 5 * random.below(19)
        var text = random.pick(["\(number)%", "\(number) percent"])
        if let words = inWords[number], random.chance(70) {
            text = words
        } else if number < 100, random.chance(20) {
            text = "\(spelled(number)) percent"
        }
        return Filling(text: text, arguments: ["percent": "\(number)"])
    case "degrees":
        let number = 15 + random.below(11)
        let text = random.pick([
            "\(number) degrees", "\(number) degrees", "\(number)°C", "\(spelled(number)) degrees",
        ])
        return Filling(text: text, arguments: ["degrees": "\(number)"])
    case "duration", "span":
        let number =
            random.chance(30)
            ? random.pick([15, 30, 45, 60, 90])
            : random.chance(50) ? 2 + random.below(14) : 5 + 5 * random.below(11)
        let argument = ["minutes": "\(number)"]
        if slot == "span" {
            let article = [8, 11, 18].contains(number) || number / 10 == 8 ? "an" : "a"
            let length = random.pick([
                "\(number) minute", "\(number)-minute", "\(spelled(number)) minute",
            ])
            return Filling(text: article + " " + length, arguments: argument)
        }
        let inWords = [
            15: "a quarter of an hour", 30: "half an hour", 45: "three quarters of an hour",
            60: "an hour", 90: "an hour and a half",
        ]
        if let words = inWords[number], random.chance(70) {
            return Filling(text: words, arguments: argument)
        }
        let text = random.pick([
            "\(number) minutes", "\(number) minutes", "\(number) min", "\(spelled(number)) minutes",
        ])
        return Filling(text: text, arguments: argument)
    case "goods":
        let item = random.pick(goods)
        let count = 2 + random.below(11)
        let inWords = [2: "a couple of", 6: "half a dozen", 12: "a dozen"]
        var text = random.chance(50) ? "\(count)" : spelled(count)
        if let words = inWords[count], random.chance(60) { text = words }
        return Filling(
            text: "\(text) \(item)", arguments: ["item": "\"\(item)\"", "count": "\(count)"])
    case "time":
        let hour = tool == "alarm" ? 5 + random.below(6) : 7 + random.below(16)
        return time(hour, minute(&random), &random)
    default:
        fail("unknown slot {\(slot)}")
    }
}

// MARK: - Phrases

/// The phrases of one meaning: those of the training split and those that only the test split uses.
struct Phrases {
    var fixed: [String: String] = [:]
    var training: String
    var test: String
}

struct Tool {
    var name: String
    var arguments: [String]
    /// Training conversations: more where the arguments have to be worked out.
    var trainingCount = 70
    /// Whether an argument has two values only.
    ///
    /// Keeping back a combination would then show the other
    /// argument's value with one of the two alone, and teach that; such tools keep back phrases with
    /// values instead.
    var isTwoValued = false
    var phrases: [Phrases]
}

let tools: [Tool] = [
    Tool(
        name: "light", arguments: ["room", "on"], trainingCount: 64, isTwoValued: true,
        phrases: [
            Phrases(
                fixed: ["on": "true"],
                training: """
                    Turn on the light in the {room}.
                    Switch the {room} light on.
                    Lights on in the {room}.
                    Put the {room} lights on.
                    I need some light in the {room}.
                    It's pitch black in the {room}, I can't see a thing.
                    It's too dark in the {room}, put a light on.
                    {room} light on.
                    Could you light up the {room}?
                    Let there be light in the {room}.
                    I'm walking into the {room}, have the lights on.
                    Someone is in the {room} in the dark, help them with a light.
                    Make sure the light in the {room} is on.
                    Illuminate the {room}.
                    I can't find my keys in the {room} without a light.
                    Would you flip the {room} switch on?
                    Why is it dark in the {room}? Lights, please.
                    The {room} lamp should be on.
                    Get the lamps going in the {room}.
                    Time to switch on the lights of the {room}.
                    We're sitting in darkness in the {room}, fix that.
                    I'd like the lights in the {room} turned on.
                    Activate the {room} light.
                    Hit the lights in the {room}, we're coming in.
                    Give us light in the {room}.
                    """,
                test: """
                    The {room} is dark, could we have the light?
                    It should be light in the {room}.
                    I want to see something in the {room}, so lights on.
                    Don't let me stumble around the {room} in the dark.
                    How about some light in the {room}?
                    Power up the {room} lamps.
                    The bulb in the {room} ought to be on now.
                    """),
            Phrases(
                fixed: ["on": "false"],
                training: """
                    Turn off the light in the {room}.
                    Switch off the {room} lights.
                    Lights off in the {room}.
                    {room} light off.
                    Kill the lights in the {room}.
                    Nobody is in the {room}, so the light can go off.
                    We're done in the {room}, no more light needed.
                    Put the {room} light out.
                    I forgot to turn the {room} light off.
                    Make the {room} dark.
                    Can you shut off the lamp in the {room}?
                    The light in the {room} is still burning, turn it off.
                    No light in the {room}, please.
                    Cut the {room} lights.
                    I'd like the {room} to be dark now.
                    Stop wasting electricity on the {room} light.
                    It's bright enough outside, the {room} lamp isn't needed.
                    Deactivate the {room} light.
                    I'm leaving the {room}, so its light can be off.
                    Would you flip the {room} switch off?
                    Time for darkness in the {room}.
                    Make sure the {room} lights are off.
                    The {room} lights can be turned off.
                    The movie is starting, lights out in the {room}.
                    I'm trying to sleep, turn out the {room} light.
                    """,
                test: """
                    Someone left the light on in the {room}, please end that.
                    You can switch the lamp in the {room} off again.
                    Lights out, {room}.
                    We don't need the {room} lit any longer.
                    Shut down the {room} lighting.
                    Let the {room} go dark.
                    Everyone has left the {room}, no need for light there.
                    """),
        ]),
    Tool(
        name: "dim", arguments: ["room", "percent"], trainingCount: 106,
        phrases: [
            Phrases(
                training: """
                    Dim the {room} lights to {percent}.
                    Set the {room} light to {percent}.
                    Brightness in the {room} to {percent}.
                    It's a bit dark in the {room}, {level} brightness please.
                    {room} lights at {percent}.
                    I'd like the {room} at {level} brightness.
                    Lower the {room} lamp to {percent}.
                    Raise the light in the {room} to {percent}.
                    Take the {room} brightness down to {percent}.
                    Bring the {room} lights up to {percent}.
                    The {room} is too bright, {percent} is enough.
                    The light in the {room} hurts my eyes, go to {percent}.
                    For reading in the {room} I need {level} brightness.
                    We're eating in the {room}, light at {percent} please.
                    Could the lamps in the {room} shine at {percent}?
                    Change the {room} brightness to {percent}.
                    Adjust the {room} lamp to {level} brightness.
                    Turn the {room} light down to {percent}.
                    Turn the light in the {room} up to {percent}.
                    A cosy evening in the {room}: light to {percent}.
                    I can hardly read in the {room}, make it {percent}.
                    Have the {room} light run at {percent}.
                    {level} brightness in the {room}.
                    {level} brightness for the {room} would be nice.
                    Movie night in the {room}, dim to {percent}.
                    My eyes are tired, {room} light at {percent}.
                    Let's have {level} brightness in the {room}.
                    Dimmer in the {room} to {percent}.
                    Put the {room} dimmer at {percent}.
                    Soften the {room} lights to {percent}.
                    The baby is sleeping, {level} brightness in the {room}.
                    Can I get {level} brightness in the {room}?
                    Slide the {room} lights to {percent}.
                    I think {level} brightness would suit the {room}.
                    The {room} feels gloomy, bring the light to {percent}.
                    Fade the {room} lights to {percent}.
                    Make the lamp in the {room} go to {percent}.
                    Keep the {room} light at {percent}.
                    Could we try {percent} for the light in the {room}?
                    Please use {level} brightness in the {room}.
                    Not so bright in the {room}: {percent}.
                    I want the brightness of the {room} at {percent}.
                    The {room} should be lit at {percent}.
                    More light in the {room}, say {percent}.
                    Less light in the {room}, say {percent}.
                    """,
                test: """
                    It's rather dim in here, go for {level} brightness in the {room}.
                    The light level in the {room} can drop to {percent}.
                    Would you tone the {room} lamps down to {percent}?
                    I'm having a nap in the {room}, bring the glow down to {percent}.
                    Light intensity {percent} in the {room}.
                    The {room} would look nicer with the light at {percent}.
                    The lights in the {room} could go to {percent}, I think.
                    In the {room}, {level} brightness is all I need.
                    Set a mood in the {room} with {level} brightness.
                    How about dimming the {room} to {percent}?
                    We have guests in the {room}, so increase the light to {percent}.
                    What a glare! The {room} lamp only needs {percent}.
                    I'd be happier with the {room} lamps at {percent}.
                    Shine at {percent} in the {room}, would you?
                    """)
        ]),
    Tool(
        name: "heating", arguments: ["room", "degrees"], trainingCount: 52,
        phrases: [
            Phrases(
                training: """
                    Set the {room} to {degrees}.
                    Heat the {room} to {degrees}.
                    Make it {degrees} in the {room}.
                    I'm freezing in the {room}, {degrees} please.
                    Turn the heating in the {room} up to {degrees}.
                    Turn the {room} heating down to {degrees}.
                    {room} thermostat to {degrees}.
                    The {room} should be {degrees}.
                    It's too warm in the {room}, go to {degrees}.
                    I'd like {degrees} in the {room}.
                    Cool the {room} down to {degrees}.
                    Warm up the {room} to {degrees}.
                    Could you keep the {room} at {degrees}?
                    Raise the {room} temperature to {degrees}.
                    Lower the temperature in the {room} to {degrees}.
                    Temperature in the {room}: {degrees}.
                    Set the radiator in the {room} to {degrees}.
                    It's chilly in the {room}, bring it to {degrees}.
                    My feet are cold in the {room}, can we have {degrees}?
                    {degrees} in the {room}.
                    Grandma is visiting, get the {room} to {degrees}.
                    Change the {room} temperature to {degrees}.
                    We're sweating in the {room}, reduce the heat to {degrees}.
                    Put the thermostat in the {room} on {degrees}.
                    Make the {room} a bit cosier, {degrees} would be good.
                    Adjust the heating in the {room} to {degrees}.
                    For the night, {degrees} in the {room} is enough.
                    Save some energy, the {room} only needs {degrees}.
                    The baby needs {degrees} in the {room}.
                    Have the {room} warmed to {degrees}.
                    I want the {room} heated to {degrees}.
                    Heating in the {room} at {degrees}.
                    Dial the {room} thermostat to {degrees}.
                    Nobody uses the {room} today, {degrees} will do.
                    Let the {room} cool to {degrees}.
                    Hold the {room} at {degrees}.
                    The {room} is an icebox, heat it to {degrees}.
                    Get the radiators in the {room} going, target {degrees}.
                    Can it be {degrees} in the {room}?
                    I'm working in the {room} today and want {degrees}.
                    Bump the {room} up to {degrees}.
                    Drop the {room} to {degrees}.
                    What about {degrees} for the {room}?
                    Fix the {room} temperature at {degrees}.
                    Please bring the {room} thermostat down to {degrees}.
                    """,
                test: """
                    It's so cold in the {room} that I see my breath, give me {degrees}.
                    Make sure the {room} reaches {degrees}.
                    The thermostat of the {room} ought to read {degrees}.
                    Would {degrees} be possible in the {room}?
                    I feel hot in the {room}, so ease the heating to {degrees}.
                    Aim for {degrees} in the {room}.
                    Preheat the {room} to {degrees}, we're home soon.
                    Climate in the {room} to {degrees}, if you can.
                    Take the chill out of the {room}: {degrees}.
                    We'll sit in the {room} tonight, so let it reach {degrees}.
                    Choose {degrees} as the heating level of the {room}.
                    Shivering here in the {room}! Go up to {degrees}.
                    The plants in the {room} like {degrees}, see to that.
                    Dial it back to {degrees} in the {room}.
                    """)
        ]),
    Tool(
        name: "blinds", arguments: ["room", "position"], trainingCount: 78,
        phrases: [
            Phrases(
                fixed: ["position": "\"open\""],
                training: """
                    Open the blinds in the {room}.
                    Raise the {room} blinds.
                    Blinds up in the {room}.
                    Let some sun into the {room}.
                    Pull up the blinds in the {room}.
                    I want to look out of the {room} window, open the blinds.
                    {room} blinds open.
                    Let the daylight into the {room}.
                    It's morning, the {room} blinds can go up.
                    Could the {room} blinds be opened?
                    Roll up the blinds in the {room}.
                    The sun is out, blinds up in the {room}.
                    Open the {room} blinds so the plants get some sun.
                    I'd like a view from the {room}, raise the blinds.
                    Lift the blinds in the {room} all the way.
                    Fully open the {room} blinds.
                    """,
                test: """
                    Let the sunshine in through the {room} blinds.
                    Get the blinds up in the {room}, it's a beautiful day.
                    Would you raise all of the blinds in the {room}?
                    The {room} needs natural light, so up with the blinds.
                    Uncover the {room} windows.
                    """),
            Phrases(
                fixed: ["position": "\"closed\""],
                training: """
                    Close the blinds in the {room}.
                    Lower the {room} blinds.
                    Blinds down in the {room}.
                    {room} blinds closed.
                    The neighbours can see into the {room}, close the blinds.
                    Shut the {room} blinds.
                    The sun is blinding me in the {room}, blinds down.
                    Let the {room} blinds all the way down.
                    I want some privacy in the {room}, so blinds shut.
                    Pull down the blinds in the {room}.
                    Keep the heat out of the {room}, drop the blinds.
                    It's night, the {room} blinds can come down.
                    Roll the {room} blinds down.
                    There's glare on my screen in the {room}, close the blinds.
                    Block the sun in the {room}.
                    Could you have the {room} blinds closed?
                    """,
                test: """
                    People are staring into the {room}, down with the blinds.
                    Cover the windows in the {room}.
                    Too much sun in the {room}, get the blinds shut.
                    Would you let down the blinds in the {room}?
                    No one should look into the {room}, so lower the blinds.
                    """),
            Phrases(
                fixed: ["position": "\"half\""],
                training: """
                    Set the {room} blinds to half.
                    Blinds halfway in the {room}.
                    Half open the blinds in the {room}.
                    Close the {room} blinds halfway.
                    I'd like the {room} blinds half down.
                    Only a little sun in the {room}, blinds at half.
                    Leave the {room} blinds half open.
                    {room} blinds half.
                    Bring the {room} blinds to the middle.
                    Stop the {room} blinds at the halfway point.
                    Raise the blinds in the {room} halfway.
                    Can we have the blinds in the {room} half closed?
                    Put the {room} blinds in the half position.
                    Halfway down with the blinds in the {room}.
                    """,
                test: """
                    Move the blinds of the {room} to the middle position.
                    Half the window should be covered in the {room}.
                    Lower the blinds in the {room}, but only halfway.
                    Let the {room} blinds cover just half.
                    """),
        ]),
    Tool(
        name: "music", arguments: ["room", "genre"], trainingCount: 52,
        phrases: [
            Phrases(
                training: """
                    Play {genre} in the {room}.
                    Put on some {genre} in the {room}.
                    I'm in the mood for {genre} in the {room}.
                    {genre} music in the {room}.
                    Start some {genre} music in the {room}.
                    I'd love to hear {genre} in the {room}.
                    Can we have {genre} in the {room}?
                    Let's dance to {genre} in the {room}.
                    Some {genre} for the {room}, please.
                    Background music for the {room}: {genre}.
                    Stream {genre} to the {room} speaker.
                    The {room} needs some {genre}.
                    Fill the {room} with {genre}.
                    Dinner is served in the {room}, play some {genre}.
                    I'm cleaning the {room}, give me {genre}.
                    Have the {room} speaker play {genre}.
                    Get some {genre} going in the {room}.
                    It's too quiet in the {room}, put {genre} on.
                    Entertain us in the {room} with {genre}.
                    Turn on {genre} music in the {room}.
                    How about some {genre} in the {room}?
                    Our guests in the {room} like {genre}.
                    Switch the {room} music to {genre}.
                    Let me listen to {genre} in the {room}.
                    {room} speaker, {genre} music.
                    We want {genre} songs in the {room}.
                    Could you find some {genre} for the {room}?
                    I work better in the {room} with {genre}.
                    Queue {genre} on the {room} speaker.
                    Play me something in the {room}, {genre} maybe.
                    Time for {genre} in the {room}.
                    Run a {genre} playlist in the {room}.
                    Make it a {genre} evening in the {room}.
                    Choose {genre} music for the {room}.
                    Nothing beats {genre} in the {room}, play it.
                    Party in the {room}! We need {genre}.
                    Would you play a {genre} station in the {room}?
                    Music in the {room}, something like {genre}.
                    I feel like {genre}, use the {room} speaker.
                    Change to {genre} in the {room}.
                    Relaxing in the {room} now, {genre} would be nice.
                    Hit play on {genre} in the {room}.
                    """,
                test: """
                    Let {genre} sound in the {room}.
                    My ears want {genre} in the {room}.
                    Treat the {room} to a bit of {genre}.
                    Could the speaker in the {room} put out {genre}?
                    Accompany my work in the {room} with {genre}.
                    Tune the {room} to {genre}.
                    We're having drinks in the {room}, {genre} would fit.
                    Bring on the {genre} in the {room}.
                    A {genre} album in the {room} would be lovely.
                    Spin some {genre} records in the {room}.
                    What I need in the {room} right now is {genre}.
                    The {room} could do with {genre} tunes.
                    Give the {room} a {genre} soundtrack.
                    I haven't heard {genre} in ages, play it in the {room}.
                    """)
        ]),
    Tool(
        name: "lock", arguments: ["door", "locked"], trainingCount: 106, isTwoValued: true,
        phrases: [
            Phrases(
                fixed: ["locked": "true"],
                training: """
                    Lock the {door} door.
                    Make sure the {door} door is locked.
                    Have the {door} door locked.
                    Secure the {door} door.
                    Bolt the {door} door.
                    I'm going to bed, lock the {door} door.
                    Did I leave the {door} door unlocked? Lock it.
                    Nobody should get in through the {door} door.
                    Put the lock on the {door} door.
                    Can you lock up at the {door} door?
                    We're leaving, lock the {door} door behind us.
                    The {door} door must be locked at night.
                    Engage the lock of the {door} door.
                    Keep the {door} door locked.
                    {door} door locked.
                    I don't feel safe, lock the {door} door.
                    The kids shouldn't get out, lock the {door} door.
                    The {door} door should stay locked.
                    Set the {door} door to locked.
                    I heard a noise, bolt the {door} door.
                    Deadbolt on the {door} door.
                    Lock up the {door} door for the night.
                    """,
                test: """
                    Everyone is inside, so the {door} door can be locked.
                    Let the lock of the {door} door snap shut.
                    Off to work, secure the {door} door.
                    Please see to it that the {door} door gets locked.
                    Don't let anyone in by the {door} door.
                    I want the bolt on the {door} door shut.
                    I may have forgotten to lock the {door} door, do it for me.
                    """),
            Phrases(
                fixed: ["locked": "false"],
                training: """
                    Unlock the {door} door.
                    Let me in through the {door} door.
                    The {door} door can be unlocked.
                    Release the lock on the {door} door.
                    My sister is at the {door} door, let her in.
                    I'm home, unlock the {door} door.
                    Take the lock off the {door} door.
                    The plumber needs to come in by the {door} door.
                    I locked myself out, unlock the {door} door.
                    Unbolt the {door} door.
                    Have the {door} door unlocked.
                    Disengage the {door} door lock.
                    Set the {door} door to unlocked.
                    My hands are full, unlock the {door} door.
                    Leave the {door} door unlocked.
                    Undo the bolt on the {door} door.
                    Someone wants to come in at the {door} door, unlock it.
                    The {door} door should not be locked.
                    I need to get out by the {door} door.
                    {door} door unlocked.
                    We're expecting guests at the {door} door, unlock it.
                    Open the lock of the {door} door.
                    """,
                test: """
                    The delivery is here, unlock the {door} door for them.
                    The lock on the {door} door can come off.
                    Could you free the lock of the {door} door?
                    Grandpa is waiting at the {door} door, let him inside.
                    Deactivate the lock at the {door} door.
                    I want to go out through the {door} door, so unlock it.
                    The kids are coming in by the {door} door, no lock please.
                    """),
        ]),
    Tool(
        name: "appliance", arguments: ["device", "action"], trainingCount: 78,
        phrases: [
            Phrases(
                fixed: ["action": "\"start\""],
                training: """
                    Start the {appliance}.
                    Run the {appliance}.
                    Turn on the {appliance}.
                    Get the {appliance} going.
                    Set the {appliance} running.
                    The {appliance} can start now.
                    Fire up the {appliance}.
                    {appliance} on.
                    It's time for the {appliance} to run.
                    Could you switch the {appliance} on?
                    Everything is ready, start the {appliance}.
                    Let the {appliance} do its work.
                    Power on the {appliance}.
                    I want the {appliance} to run while I'm out.
                    Have the {appliance} begin.
                    Launch the {appliance}.
                    We need the {appliance} now, turn it on.
                    Put the {appliance} on.
                    """,
                test: """
                    Go ahead with the {appliance}.
                    The {appliance} should get to work.
                    Make the {appliance} run, will you?
                    I'm off, so let the {appliance} start.
                    I'd like the {appliance} to start up.
                    """),
            Phrases(
                fixed: ["action": "\"stop\""],
                training: """
                    Stop the {appliance}.
                    Turn off the {appliance}.
                    Switch the {appliance} off.
                    The {appliance} can stop now.
                    {appliance} off.
                    Shut the {appliance} down.
                    End the {appliance} run.
                    That's enough from the {appliance}, stop it.
                    I don't need the {appliance} any more.
                    The {appliance} is too loud, turn it off.
                    Something smells burnt, kill the {appliance}.
                    Cancel the {appliance}.
                    Make the {appliance} stop.
                    Power down the {appliance}.
                    Could you stop the {appliance} for good?
                    Cut the power to the {appliance}.
                    """,
                test: """
                    No more {appliance} for today, off with it.
                    Tell the {appliance} to stop.
                    The {appliance} has run long enough.
                    Would you put an end to the {appliance}?
                    Bring the {appliance} to a stop.
                    """),
            Phrases(
                fixed: ["action": "\"pause\""],
                training: """
                    Pause the {appliance}.
                    Hold the {appliance} for a moment.
                    Let the {appliance} take a break.
                    I'm on the phone, pause the {appliance}.
                    Interrupt the {appliance} for now.
                    Put the {appliance} on pause.
                    The {appliance} should wait a bit.
                    Suspend the {appliance}.
                    Can the {appliance} rest for a minute?
                    Freeze the {appliance} until I'm back.
                    Give the {appliance} a short break.
                    Have the {appliance} pause.
                    Make the {appliance} wait, the baby is asleep.
                    Stop the {appliance} just for a minute.
                    """,
                test: """
                    A little break for the {appliance}, please.
                    Temporarily halt the {appliance}.
                    The {appliance} can continue later, pause it now.
                    Let the {appliance} wait until my call is over.
                    """),
        ]),
    Tool(
        name: "timer", arguments: ["label", "minutes"], trainingCount: 100,
        phrases: [
            Phrases(
                training: """
                    Set a timer for the {label}, {duration}.
                    Start a {label} timer for {duration}.
                    {duration} for the {label}.
                    Timer for {label}: {duration}.
                    For the {label} I need {duration} on the clock.
                    Count down {duration} for the {label}.
                    Let me know in {duration} about the {label}.
                    Ping me in {duration} for the {label}.
                    Put {duration} on a timer for the {label}.
                    I'm making {label}, time it for {duration}.
                    I need {span} timer for the {label}.
                    Start {span} timer, it's for the {label}.
                    Kitchen timer, {label}, {duration}.
                    Time the {label} for {duration}.
                    Set {duration} for the {label}.
                    Check with me about the {label} in {duration}.
                    Timer please, {duration}, {label}.
                    The recipe says {duration} for the {label}.
                    Please measure {duration} for the {label}.
                    {label} timer, {duration}.
                    Begin a countdown of {duration} for the {label}.
                    Beep in {duration} so the {label} won't burn.
                    Give the {label} {duration}.
                    My {label} will be done in {duration}, set a timer.
                    Can you run {span} timer for the {label}?
                    Don't let me overcook the {label}, {duration} at most.
                    {span} countdown for the {label}.
                    The {label} just went in, buzz me after {duration}.
                    Watch the {label} for {duration}.
                    Clock {duration} for the {label}.
                    I put the {label} on, call me in {duration}.
                    How about {span} timer? It's for {label}.
                    Ring after {duration}, {label}.
                    Add a timer of {duration} for the {label}.
                    In {duration} the {label} should come out, set a timer.
                    Create {span} timer named {label}.
                    Name a timer {label} and let it run {duration}.
                    We're having {label}, timer for {duration}.
                    Alert me in {duration}, the {label} will be ready.
                    {duration} from now I have to look at the {label}.
                    Leave the {label} for {duration} and then beep.
                    Get a timer going for {label}, {duration}.
                    """,
                test: """
                    The packet says {duration} for {label}, so time that.
                    Would you count {duration} for my {label}?
                    Give me a shout in {duration}, I've got {label} on the stove.
                    The {label} must cook for {duration}, please keep time.
                    Start the clock on the {label}, {duration}.
                    Put {span} timer on the {label}.
                    I'm cooking {label} and need a signal in {duration}.
                    Let the timer ring for the {label} in {duration}.
                    Notify me about the {label} after {duration}.
                    The {label} should get {duration}, starting now.
                    Track {duration} of cooking time for the {label}.
                    {label} in the oven, let me know after {duration}.
                    Timer on for {duration}, it's about the {label}.
                    Prepare {span} timer, I'm boiling {label}.
                    """)
        ]),
    Tool(
        name: "alarm", arguments: ["day", "time"], trainingCount: 118,
        phrases: [
            Phrases(
                training: """
                    Wake me at {time} on {day}.
                    Set an alarm for {day} at {time}.
                    I have to get up at {time} on {day}.
                    Alarm on {day}, {time}.
                    {day}, {time}, alarm.
                    Can you wake me up on {day} at {time}?
                    My train leaves early on {day}, alarm at {time}.
                    Get me out of bed at {time} on {day}.
                    I need to be awake by {time} on {day}.
                    Set my alarm clock to {time} for {day}.
                    On {day} I want to get up at {time}.
                    Make the alarm ring at {time} on {day}.
                    Don't let me oversleep on {day}, wake me at {time}.
                    Alarm at {time}, {day}.
                    Put an alarm on {day} for {time}.
                    I'd like to wake up at {time} this {day}.
                    {day} wake-up call at {time}.
                    Ring me awake on {day} at {time}.
                    School starts on {day}, get us up at {time}.
                    The alarm for {day} should go off at {time}.
                    For {day} I need the alarm at {time}.
                    Early meeting on {day}: wake me at {time}.
                    Schedule an alarm, {day} at {time}.
                    Rouse me on {day} at {time}.
                    Wake-up time on {day} is {time}.
                    Change my {day} alarm to {time}.
                    I fly on {day} and have to rise at {time}.
                    Let me sleep until {time} on {day}.
                    On {day} the alarm clock is to ring at {time}.
                    Alarm clock: {day}, {time}.
                    Could the alarm go at {time} on {day}?
                    Program an alarm for {time} on {day}.
                    I'm getting up at {time} on {day}, set the alarm.
                    Add an alarm for {day}, {time}.
                    I work on {day}, so alarm at {time}.
                    Please have me up by {time} on {day}.
                    Make sure I'm up at {time} on {day}.
                    Move the {day} alarm to {time}.
                    Sound the alarm on {day} at {time}.
                    A wake-up alarm for {day} at {time}, please.
                    Beep me awake at {time} on {day}.
                    My {day} begins at {time}, wake me then.
                    I can sleep in on {day}, alarm at {time}.
                    Turn on an alarm for {time} on {day}.
                    """,
                test: """
                    Jolt me out of sleep on {day} at {time}.
                    We leave for the airport on {day}, so wake us at {time}.
                    It's important that I'm awake at {time} on {day}.
                    Would you ring on {day} at {time} to wake me?
                    I plan to be up on {day} at {time}, help me with that.
                    Have the alarm sound {day} at {time}.
                    I could use an alarm for {time} on {day}.
                    Start my {day} with an alarm at {time}.
                    I go running on {day}, get me up at {time}.
                    No sleeping in this {day}: alarm at {time}.
                    {time} is when I want to wake up on {day}.
                    Can my alarm be {time} on {day}?
                    I must not miss my exam on {day}, alarm for {time}.
                    I'll be asleep on {day} unless you wake me at {time}.
                    """)
        ]),
    Tool(
        name: "shopping", arguments: ["item", "count"], trainingCount: 70,
        phrases: [
            Phrases(
                training: """
                    Add {goods} to the shopping list.
                    Put {goods} on the list.
                    We need {goods}.
                    {goods} for the shopping list.
                    I have to buy {goods}.
                    Shopping list: {goods}.
                    Write down {goods} for the shop.
                    Next time at the store we need {goods}.
                    Don't forget {goods} when we go shopping.
                    Please note {goods} for the groceries.
                    I used up the last ones, we need {goods} again.
                    The recipe calls for {goods}, put them on the list.
                    Include {goods} in the shopping.
                    Can you add {goods}?
                    I'm baking tomorrow and need {goods}.
                    Get {goods} on the shopping list.
                    Let's buy {goods}.
                    Jot down {goods}.
                    List {goods} for the market.
                    Stock up: {goods}.
                    Also {goods}, for the list.
                    Save {goods} to the groceries.
                    Mum asked for {goods}, write it on the list.
                    Buy {goods}.
                    Tell whoever goes shopping to bring {goods}.
                    Groceries: {goods}.
                    Would you put down {goods} on my list?
                    I'm going to the market for {goods}, note that.
                    Our list should have {goods}.
                    We've run out, add {goods}.
                    For the party we need {goods}.
                    Enter {goods} on the shopping list.
                    Pick up {goods}, put it on the list.
                    Make a note to get {goods}.
                    Append {goods} to the list.
                    {goods}, on the list please.
                    There's nothing left, we should get {goods}.
                    Have {goods} added to the shopping list.
                    I want {goods} on the grocery list.
                    Shopping: {goods}.
                    Keep in mind that we need {goods}.
                    Dinner needs {goods}, add them.
                    Bring {goods} from the store.
                    """,
                test: """
                    We could use {goods}, note it for the supermarket.
                    Extend the shopping list by {goods}.
                    The fridge is empty, we should buy {goods}.
                    Place {goods} on our grocery list.
                    When shopping, take {goods}.
                    I noticed we lack {goods}, list that.
                    My shopping list should also say {goods}.
                    Another thing to buy: {goods}.
                    Let me not forget to purchase {goods}.
                    Throw {goods} on the list, would you?
                    It would be good to have {goods} at home, put them down.
                    What we still need from the shop is {goods}.
                    Somebody ate everything, so add {goods} to the groceries.
                    On the way home I'll get {goods}, list them.
                    """)
        ]),
    Tool(
        name: "reminder", arguments: ["text", "time"], trainingCount: 118,
        phrases: [
            Phrases(
                training: """
                    Remind me to {task} at {time}.
                    At {time} I have to {task}, remind me.
                    Set a reminder to {task} at {time}.
                    Don't let me forget to {task} at {time}.
                    Reminder at {time}: {task}.
                    I need to {task} at {time}.
                    Nudge me at {time} to {task}.
                    Could you remind us at {time} to {task}?
                    At {time}, tell me to {task}.
                    I always forget to {task}, remind me at {time}.
                    Make a reminder for {time}, {task}.
                    Remind me: {task}, {time}.
                    {task} at {time}, please remind me.
                    Schedule a reminder at {time} to {task}.
                    I must {task} at {time}, don't let me forget.
                    Say something at {time} so that I {task}.
                    It's important to {task} at {time}, remind me.
                    Let me know at {time} that I have to {task}.
                    Add a reminder, {task} at {time}.
                    Ping me at {time} to {task}.
                    Put a reminder in for {time}: {task}.
                    Would you help me remember to {task} at {time}?
                    Someone has to {task} at {time}, set a reminder.
                    Give me a reminder at {time} to {task}.
                    My memory is bad, at {time} I should {task}.
                    I promised to {task} at {time}, so remind me.
                    {time}, {task}, remind me.
                    Note for {time}: {task}.
                    Prompt me to {task} at {time}.
                    At {time} it's time to {task}, give me a hint.
                    Shout at {time} so I don't forget to {task}.
                    When it's {time}, remind me to {task}.
                    A reminder for {time}: {task}.
                    I want to {task} at {time}, remind me then.
                    Keep in mind for me: {task} at {time}.
                    Make sure I {task} at {time}.
                    Can you notify me at {time} to {task}?
                    Today at {time} I should {task}, set a reminder.
                    Remind the family to {task} at {time}.
                    At {time} remind me that I must {task}.
                    I'd be grateful for a reminder at {time} to {task}.
                    Put {task} on my reminders for {time}.
                    Have a reminder pop up at {time}: {task}.
                    """,
                test: """
                    Jog my memory at {time}, I want to {task}.
                    Come {time}, I should be reminded to {task}.
                    Will you tell me at {time} that I need to {task}?
                    I'm likely to forget to {task}, so poke me at {time}.
                    A quick reminder at {time} to {task} would be great.
                    {time} is when I have to {task}, set a reminder.
                    Create a reminder with the text {task} for {time}.
                    See to it that I {task} at {time}.
                    Please keep me from forgetting to {task} at {time}.
                    Before I forget: at {time} I must {task}.
                    What I have to do at {time} is {task}, so remind me of it.
                    Leave me a note for {time} to {task}.
                    Could I get a reminder at {time}? I have to {task}.
                    My reminder for {time} should say {task}.
                    """)
        ]),
    Tool(
        name: "none", arguments: [], trainingCount: 66,
        phrases: [
            Phrases(
                training: """
                    What's the weather like in {city}?
                    What is the capital of {country}?
                    Call {person}.
                    How do I cook {meal}?
                    Order {meal} for us.
                    Send {person} a message that I'm late.
                    Book a flight to {city}.
                    Who won the match last night?
                    Tell me a joke.
                    How tall is the Eiffel Tower?
                    What time is it in {city}?
                    Translate good morning into French.
                    Is the {door} door locked?
                    How warm is it in the {room}?
                    Is the light in the {room} still on?
                    Turn on the television.
                    Play a film for the kids.
                    Mow the lawn.
                    What's on my calendar on {day}?
                    How many people live in {country}?
                    Read me the news.
                    Take a photo of the garden.
                    Find me a hotel in {city}.
                    What's the exchange rate of the dollar?
                    Write an email to {person}.
                    Where did I put my glasses?
                    Recommend a book about {country}.
                    How long is the drive to {city}?
                    Is {meal} healthy?
                    What did {person} say in the last message?
                    Who wrote Hamlet?
                    What's 17 times 23?
                    Open the trunk of the car.
                    Start the car.
                    Fill the bathtub.
                    Check the oil of my car.
                    How old is the universe?
                    What's the score in the tennis match?
                    Turn the fountain off.
                    Charge my phone.
                    How do you spell necessary?
                    Pay the electricity bill.
                    Get me a concert ticket in {city}.
                    How is {person} doing?
                    Video call with {person}.
                    Which wine goes with {meal}?
                    Give me the recipe for {meal}.
                    What language do they speak in {country}?
                    Why is the sky blue?
                    Do I need an umbrella in {city}?
                    How much does a train to {city} cost?
                    Tell {person} I'm on my way.
                    What's the phone number of {person}?
                    I'm bored.
                    Good to see you, how are you?
                    You're doing a great job.
                    Who are you?
                    Define photosynthesis.
                    Are there any new emails?
                    Show me pictures of {country}.
                    Is the {appliance} finished yet?
                    How many eggs are left?
                    When does the next bus leave?
                    Clean the windows.
                    Iron my shirts.
                    Print my boarding pass.
                    Find a restaurant that serves {meal}.
                    What's the fastest way to {city}?
                    Order a taxi.
                    Cancel my appointment on {day}.
                    How humid is it in the {room}?
                    Did anyone ring the bell?
                    How many calories are in {meal}?
                    Flip a coin.
                    Unlock my phone.
                    """,
                test: """
                    Which team is leading the league?
                    Tell me something about the history of {country}.
                    Ring up {person} for me.
                    What ingredients go into {meal}?
                    Could you reserve a hotel room in {city}?
                    What's the temperature outside?
                    How far away is the moon?
                    Are the blinds in the {room} open?
                    Post a letter to {person}.
                    Switch to another TV channel.
                    Explain how a rainbow forms.
                    Is there a direct train to {city}?
                    When is the birthday of {person}?
                    What's a good film to watch?
                    Wash the car this afternoon.
                    How do I get to {city} from here?
                    Which currency is used in {country}?
                    Thank you for your help.
                    Who painted the Mona Lisa?
                    Download the latest update.
                    I'd like {meal} delivered tonight.
                    What's the square root of 144?
                    Read out my messages.
                    How's the traffic this morning?
                    """)
        ]),
]

// MARK: - From phrase to conversation

/// A phrase with the arguments that it always means.
struct Template {
    var text: String
    var fixed: [String: String]
}

/// One request and its answer; `key` names the combination of values that it stands for.
struct Example {
    var request: String
    var answer: String
    var key: String
}

/// One combination in six is kept for the test split.
func isHeldOut(_ key: String) -> Bool {
    var random = SplitMix64(state: hash(key))
    return random.below(6) == 0
}

/// The text with its first letter in upper case.
func capitalized(_ text: String) -> String { text.prefix(1).uppercased() + text.dropFirst() }

/// Swaps two neighbouring letters inside one long word of a phrase, never inside a slot.
func withTypo(_ phrase: String, _ random: inout SplitMix64) -> String {
    var words = phrase.split(separator: " ").map(String.init)
    let long = words.indices.filter { words[$0].count > 5 && words[$0].allSatisfy(\.isLetter) }
    guard !long.isEmpty else { return phrase }
    let index = random.pick(long)
    var letters = Array(words[index])
    let at = 1 + random.below(letters.count - 3)
    letters.swapAt(at, at + 1)
    words[index] = String(letters)
    return words.joined(separator: " ")
}

/// Greetings, thanks and the carelessness of people who type; the meaning stays.
func withManners(_ text: String, proper: Bool, _ random: inout SplitMix64) -> String {
    var text = text
    let polite = ["please", "thank", "would you", "could you", "can you", "will you"]
        .contains { text.lowercased().contains($0) }
    let pronouns = ["I", "I'm", "I'd", "I've", "I'll"]
    if random.chance(15) {
        let first = text.split(separator: " ").first.map(String.init) ?? ""
        if !proper && !pronouns.contains(first) {
            text = text.prefix(1).lowercased() + text.dropFirst()
        }
        text =
            random.pick([
                "Hey, ", "Hi, ", "Hello, ", "Okay, ", "Excuse me, ", "Sorry, ", "Alright, ", "Oh, ",
                "Well, ",
            ]) + text
    }
    if !polite {
        switch random.below(100) {
        case 0..<12:
            let mark = text.removeLast()
            text += ", please" + String(mark)
        case 12..<20: text += random.pick([" Thanks!", " Thank you.", " Cheers."])
        default: break
        }
    }
    if random.chance(12) {
        text = text.lowercased()
        if text.hasSuffix(".") { text.removeLast() }
    }
    return text
}

/// Fills a template's slots and puts the answer together.
func make(_ template: Template, of tool: Tool, _ random: inout SplitMix64) -> Example {
    let phrase = random.chance(3) ? withTypo(template.text, &random) : template.text
    var text = ""
    var arguments = template.fixed
    var values: [String] = []
    for (index, part) in phrase.split(separator: "{", omittingEmptySubsequences: false).enumerated()
    {
        if index == 0 {
            text += part
            continue
        }
        let pieces = part.split(separator: "}", maxSplits: 1, omittingEmptySubsequences: false)
        let filling = fill(String(pieces[0]), of: tool.name, &random)
        text += filling.text + pieces[1]
        values.append(filling.text)
        arguments.merge(filling.arguments) { $1 }
    }
    let body = tool.arguments.map { name in
        guard let value = arguments[name] else { fail("\(template.text): no value for \(name)") }
        return "\"\(name)\": \(value)"
    }
    let answer = "{\"name\": \"\(tool.name)\", \"arguments\": {\(body.joined(separator: ", "))}}"
    let startsWithName = ["{day}", "{city}", "{country}", "{person}"].contains {
        phrase.hasPrefix($0)
    }
    let request = withManners(capitalized(text), proper: startsWithName, &random)
    // An answer without arguments cannot tell combinations apart; there it is phrase and values.
    let hasOwnKey = tool.arguments.isEmpty || tool.isTwoValued
    let key = hasOwnKey ? template.text + values.joined(separator: "|") : answer
    return Example(request: request, answer: answer, key: key)
}

/// The templates of a tool in one split.
func templates(of tool: Tool, _ split: KeyPath<Phrases, String>) -> [Template] {
    tool.phrases.flatMap { group in
        group[keyPath: split].split(separator: "\n").map {
            Template(text: String($0), fixed: group.fixed)
        }
    }
}

/// Draws `count` new requests, using every template before any is used again.
func draw(
    _ count: Int, from templates: [Template], of tool: Tool, used: inout Set<String>,
    _ random: inout SplitMix64, where accepts: (Example) -> Bool
) -> [Example] {
    var examples: [Example] = []
    var queue: [Template] = []
    while examples.count < count {
        if queue.isEmpty { queue = random.shuffled(templates) }
        let template = queue.removeLast()
        for _ in 0..<400 {
            let example = make(template, of: tool, &random)
            if accepts(example) && used.insert(example.request).inserted {
                examples.append(example)
                break
            }
        }
    }
    return examples
}

/// The name and the single arguments of an answer, but for times: those are built from digits.
func parts(of answer: String) -> [String] {
    answer.split(separator: ", ").map { $0.filter { $0 != "}" } }.filter {
        !$0.contains("\"time\"")
    }
}

/// Whether the training split shows every single argument of an answer.
func isFamiliar(_ answer: String) -> Bool { parts(of: answer).allSatisfy(knownParts.contains) }

/// One line of a data file.
func line(_ example: Example) -> String {
    func quoted(_ text: String) -> String {
        "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }
    func message(_ role: String, _ content: String) -> String {
        "{\"role\": \"\(role)\", \"content\": \(quoted(content))}"
    }
    let messages = [
        message("system", "Smart home."), message("user", example.request),
        message("assistant", example.answer),
    ]
    return "{\"messages\": [\(messages.joined(separator: ", "))]}\n"
}

/// Writes a file, or says why not.
func write(_ lines: [String], to path: String) {
    guard let file = fopen(path, "w") else { fail("\(path): cannot be written") }
    for line in lines where fputs(line, file) < 0 { fail("\(path): cannot be written") }
    guard fclose(file) == 0 else { fail("\(path): cannot be written") }
}

func fail(_ message: String) -> Never {
    fputs("generate: \(message)\n", stderr)
    exit(1)
}

// MARK: - The two splits

guard CommandLine.arguments.count == 2 else { fail("usage: generate FOLDER") }
let folder = CommandLine.arguments[1]
var random = SplitMix64(state: seed)
var used: Set<String> = []
var training: [Example] = []
var combinations: [Example] = []
var phrasings: [Example] = []

for tool in tools {
    training += draw(
        tool.trainingCount, from: templates(of: tool, \.training), of: tool, used: &used, &random
    ) { !isHeldOut($0.key) }
}
let knownAnswers = Set(training.map(\.answer))
let knownParts = Set(training.flatMap { parts(of: $0.answer) })

for (index, tool) in tools.enumerated() {
    let share = testTotal / tools.count
    let half = share / 2 + (index % 2 == 0 ? share % 2 : 0)
    // Only templates with a slot can be combined anew.
    let known = templates(of: tool, \.training).filter { $0.text.contains("{") }
    combinations += draw(half, from: known, of: tool, used: &used, &random) {
        isHeldOut($0.key) && isFamiliar($0.answer)
            && (tool.arguments.isEmpty || tool.isTwoValued || !knownAnswers.contains($0.answer))
    }
    phrasings += draw(
        share - half, from: templates(of: tool, \.test), of: tool, used: &used, &random
    ) {
        (!isHeldOut($0.key) || tool.arguments.isEmpty || tool.isTwoValued)
            && isFamiliar($0.answer)
    }
}

write(random.shuffled(training).map(line), to: folder + "/train.jsonl")
write(
    (random.shuffled(combinations) + random.shuffled(phrasings)).map(line),
    to: folder + "/test.jsonl")
