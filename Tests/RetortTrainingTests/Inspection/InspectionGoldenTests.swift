import RetortFiles
import Testing

@testable import RetortTraining

@Suite("Inspection of golden files")
struct InspectionGoldenTests {
    @Test("accepts what is right", arguments: try InspectionGolden.all(valid: true))
    func accepts(_ golden: InspectionGolden) throws {
        let report = try golden.inspect()
        #expect(!report.text.isEmpty && report.text.last != "\n")
        let json = report.json.serialized()
        #expect(try JSONParser.parse(json)["kind"]?.string != nil)
    }

    @Test("says in one sentence what is wrong", arguments: try InspectionGolden.all(valid: false))
    func refuses(_ golden: InspectionGolden) {
        do {
            let report = try golden.inspect()
            #expect(golden.mayPass, "\(golden.file) is accepted")
            #expect(golden.lacking(in: report.warnings.joined(separator: " ")) == nil)
        } catch {
            let message = "\(error)"
            #expect(message.contains(golden.file.split(separator: "/").dropLast().joined()))
            #expect(message.count < 600 && !message.contains("\n"))
            #expect(golden.lacking(in: message) == nil, "\(message)")
        }
    }

    @Test("tells the facts of a model")
    func model() throws {
        let path = InspectionGolden.formats + "/hf/good_tied_without_lm_head"
        let report = try Inspection.inspect(.test(path))
        #expect(report.json["kind"]?.string == "huggingface")
        #expect(report.json["tied_embeddings"]?.bool == true)
        #expect(report.json["layers"]?.integer == 1)
        #expect(report.json["verified"]?.bool == true)
        #expect(report.text.contains("2 heads of 4, 1 for keys and values"))
        let good = try Inspection.inspect(.test(InspectionGolden.formats + "/hf/good"))
        #expect(good.json["parameters"]?.integer == 792)
        #expect(good.json["tensors"]?.array?.count == 12)
        let gguf = InspectionGolden.formats + "/gguf_model/good_tied.gguf"
        let tied = try Inspection.inspect(.test(gguf, verifies: false))
        #expect(tied.json["tied_embeddings"]?.bool == true)
        #expect(tied.json["verified"] == nil)
    }

    @Test("tells the facts of an adapter and does not open the base that it names")
    func adapter() throws {
        let path = InspectionGolden.formats + "/peft/base_path_traversal"
        let report = try Inspection.inspect(.test(path))
        #expect(report.json["modules"]?.array?.count == 2)
        #expect(report.json["base"]?.string == "../../../../etc")
        #expect(report.warnings.first?.contains("base_model_name_or_path") == true)
    }

    /// What fits no base is found without one where the adapter contradicts itself.
    @Test(
        "finds contradictions of an adapter alone",
        arguments: ["rank_mismatch", "config_rank_differs", "b_missing", "target_unknown"])
    func adapterAlone(_ name: String) throws {
        let path = InspectionGolden.formats + "/peft/" + name
        #expect(throws: (any Error).self) { try Inspection.inspect(.test(path)) }
        _ = try Inspection.inspect(.test(path, verifies: false))
    }

    @Test("counts the rows of a data file")
    func data() throws {
        let path = InspectionGolden.formats + "/jsonl/good_blank_lines.jsonl"
        let report = try Inspection.inspect(.test(path))
        #expect(report.json["rows"]?.integer == 9)
        #expect(report.json["messages"]?["assistant"]?.integer == 9)
        #expect(report.warnings.isEmpty)
    }

    @Test("takes a base for adapters and runs alone")
    func base() throws {
        let path = InspectionGolden.formats + "/hf/good"
        #expect(throws: InspectionError.noBase(path: path)) {
            try Inspection.inspect(.test(path, base: path))
        }
    }
}
