/// The page's style sheet.
enum ReportStyle {
    /// The rules, with the switches of so many runs.
    static func text(runCount: Int) -> String {
        let hidden = (0..<runCount).map {
            "body:has(#show-\($0):not(:checked)) .run-\($0){display:none}"
        }
        return """
            :root{color-scheme:light dark;\(ChartPalette.variables(isDark: false))}
            @media screen and (prefers-color-scheme:dark){:root{\(
                ChartPalette.variables(isDark: true))}}
            \(page)
            \(ChartPalette.rules)
            \(LineChart.chartRules)
            \(hidden.joined(separator: "\n"))

            """
    }

    private static let page = """
        *{box-sizing:border-box}
        html{-webkit-text-size-adjust:100%;scroll-padding-top:5rem}
        body{margin:0 auto;max-width:1112px;padding:0 20px 48px;background:var(--paper);\
        color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;\
        font-variant-numeric:tabular-nums}
        header{display:flex;gap:16px;align-items:center;padding:36px 0 4px}
        .logo{width:44px;height:44px;flex:none}
        .logo rect{fill:var(--accent)}
        .logo path{fill:none;stroke:var(--paper);stroke-width:2.6;stroke-linecap:round}
        .kind{margin:0;color:var(--soft);font-size:13px}
        h1{margin:0;font-size:25px;line-height:1.2;font-weight:640;letter-spacing:-.01em;\
        overflow-wrap:anywhere}
        h2{margin:44px 0 14px;font-size:18px;font-weight:640;letter-spacing:-.005em}
        h3{margin:0;font-size:15px;font-weight:620;display:inline}
        small{font-size:12.5px;color:var(--soft);font-weight:400}
        code,pre{font:13px/1.55 ui-monospace,"SF Mono",Menlo,Consolas,monospace}
        p{margin:0 0 12px}
        .skip{position:absolute;left:-999px}
        .skip:focus{left:12px;top:12px;padding:6px 12px;background:var(--card);z-index:9}
        :focus-visible{outline:2px solid var(--accent);outline-offset:3px;border-radius:4px}
        .panel{margin:0;padding:16px 18px 10px;background:var(--card);\
        border:1px solid var(--grid);border-radius:10px}

        .facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(198px,1fr));\
        gap:1px;margin:0;background:var(--card);border:1px solid var(--grid);\
        border-radius:10px;overflow:hidden}
        .facts div{padding:11px 16px 13px;box-shadow:0 0 0 1px var(--grid)}
        dt{color:var(--soft);font-size:12.5px}
        dd{margin:1px 0 0;font-weight:560;overflow-wrap:anywhere}
        .scroll{overflow-x:auto;max-width:100%}
        table{border-collapse:collapse;font-size:14px}
        th,td{padding:6px 22px 6px 0;text-align:left;vertical-align:top;font-weight:400;\
        overflow-wrap:break-word}
        .summary td,.summary thead th,.differences td,.differences thead th{min-width:8.5rem;\
        max-width:24rem}
        .summary thead td,.differences thead td{min-width:0}
        thead th{color:var(--soft);font-size:13px}
        tbody tr{border-top:1px solid var(--grid)}
        .summary,.differences{width:100%}
        .summary tbody th,.differences tbody th{position:sticky;left:0;background:var(--paper);\
        color:var(--soft);white-space:nowrap}
        .summary thead th,.differences thead th{color:var(--ink);font-weight:600}
        .differences td code{background:var(--mark);padding:1px 5px;border-radius:4px}
        .none{color:var(--soft)}
        .notes{margin:16px 0 0;padding:10px 16px 10px 34px;background:var(--mark);\
        border-radius:10px;font-size:14px;overflow-wrap:anywhere}

        .run-name{display:inline-flex;gap:7px;align-items:center;max-width:100%}
        .run-name>span{min-width:0;overflow-wrap:break-word}
        .swatch{width:30px;height:10px;flex:none}
        .swatch path{fill:none;stroke-width:2.4}
        .controls{position:sticky;top:0;z-index:3;display:flex;flex-wrap:wrap;gap:6px 26px;\
        margin:0 -8px 12px;padding:9px 8px;background:var(--paper);\
        border-bottom:1px solid var(--grid);max-height:30vh;overflow-y:auto}
        fieldset{display:flex;flex-wrap:wrap;gap:2px 14px;align-items:center;min-width:0;\
        margin:0;padding:0;border:0}
        fieldset legend{float:left;padding:0;color:var(--soft);font-size:13px}
        label{display:inline-flex;gap:7px;align-items:center;padding:3px 0;cursor:pointer;\
        font-size:14px}
        input{width:16px;height:16px;margin:0;flex:none;accent-color:var(--accent)}
        label:has(input[type=checkbox]:not(:checked)) .run-name{opacity:.5}
        .hint{display:none;color:var(--soft);font-size:13px}
        .scripted .hint{display:block}
        .charts{display:grid;grid-template-columns:repeat(2,minmax(0,1fr));gap:16px}
        .hero{grid-column:1/-1}
        figcaption{display:flex;flex-wrap:wrap;gap:2px 10px;align-items:baseline}
        .plot{position:relative;margin-top:6px;touch-action:pan-y;cursor:crosshair}
        .chart{display:block;width:100%;height:auto;overflow:visible}
        .by-tokens,.at-narrow{display:none}
        body:has(#over-tokens:checked) .by-steps{display:none}
        body:has(#over-tokens:checked) .by-tokens:not(.at-narrow){display:block}
        body:has(#show-trace:not(:checked)) .trace{display:none}
        .empty{font-size:14px}
        .hair{stroke:var(--soft);stroke-width:1}
        .chart .spot{fill:var(--c);stroke:var(--card);stroke-width:1.5}
        .readout{display:none;position:absolute;top:8px;left:calc(var(--at) + 14px);z-index:2;padding:7px 11px;\
        max-width:26rem;background:var(--card);border:1px solid var(--rule);\
        border-radius:8px;pointer-events:none;font-size:13px}
        .readout.open{display:block}
        .readout.left{left:auto;right:calc(100% - var(--at) + 14px)}
        .readout table{font-size:13px}
        .readout caption{text-align:left;color:var(--soft)}
        .readout td{padding:1px 12px 1px 0;border:0}
        .readout td+td{text-align:right;font-weight:600;white-space:nowrap}
        .readout td.course{color:var(--soft);font-weight:400}
        .readout td:last-child{padding-right:0}
        .readout tr{border:0}
        details{margin:4px 0 2px}
        figure details{font-size:13px}
        summary{cursor:pointer;color:var(--soft);padding:3px 0;width:fit-content}
        summary:hover{color:var(--ink)}
        figure .scroll{max-height:260px;overflow:auto}
        figure table{font-size:13px}
        figure td,figure th{padding:3px 20px 3px 0}

        .recipe{border-top:1px solid var(--grid);margin:0;padding:6px 0}
        .recipe summary{color:var(--ink)}
        .recipe .run-name{margin-right:8px}
        pre{margin:8px 0;padding:14px 18px;background:var(--card);border:1px solid var(--grid);\
        border-radius:10px;overflow-x:auto;white-space:pre-wrap;overflow-wrap:anywhere}
        .scores{display:flex;flex-wrap:wrap;gap:4px 28px;margin:0 0 14px;padding:0;\
        list-style:none}
        .samples{display:grid;grid-template-columns:repeat(2,minmax(0,1fr));gap:12px 16px}
        .sample{padding:12px 18px}
        .turn{display:grid;grid-template-columns:6rem minmax(0,1fr) auto;gap:2px 14px;\
        padding:3px 0}
        .turn p{margin:0;white-space:pre-wrap;overflow-wrap:anywhere}
        .role{color:var(--soft);font-size:13px;padding-top:1px;overflow-wrap:anywhere}
        .turn.expected{margin-top:5px;padding-top:8px;border-top:1px solid var(--grid)}
        .verdict{font-size:13px;white-space:nowrap}
        .good{color:var(--good)}
        .bad{color:var(--bad)}
        footer{margin-top:48px;padding-top:14px;border-top:1px solid var(--grid);\
        color:var(--soft);font-size:13px}

        @media (max-width:720px){
        body{padding:0 14px 36px}
        header{padding-top:22px}
        h1{font-size:21px}
        .charts,.samples{grid-template-columns:minmax(0,1fr);gap:12px}
        .panel{padding:13px 12px 8px}
        .chart text{font-size:18px}
        .chart .line{stroke-width:2.6}
        .at-wide,body:has(#over-tokens:checked) .by-tokens.at-wide{display:none}
        .by-steps.at-narrow{display:block}
        body:has(#over-tokens:checked) .by-steps{display:none}
        body:has(#over-tokens:checked) .by-tokens.at-narrow{display:block}
        .readout,.readout.left{position:static;max-width:none;margin-top:8px}
        .turn{grid-template-columns:minmax(0,1fr) auto}
        .role{grid-column:1/-1}
        .controls{position:static;max-height:none}
        }
        @media (prefers-reduced-motion:no-preference){
        .run-name{transition:opacity .12s}
        }
        @media print{
        body{max-width:none;background:#fff}
        .controls,.scripted .hint,.skip,.readout.open,.cursor{display:none}
        .panel,article{break-inside:avoid}
        .scroll{overflow:visible;max-height:none}
        a{color:inherit}
        }
        """
}
