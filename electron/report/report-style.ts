/** The report's style sheet. Both themes come from the reader's system; nothing is fetched. */
export const REPORT_STYLE = `
:root{color-scheme:light dark;--ground:#faf9f7;--card:#fff;--ink:#1c1d21;--soft:#5d606a;--line:#e4e2dd;--accent:#1d5fae;--code:#f3f1ec;--hatch:#d5d3cd}
@media (prefers-color-scheme:dark){:root{--ground:#131417;--card:#1b1d21;--ink:#e9e8e4;--soft:#a0a3ad;--line:#2d3036;--accent:#7db4f0;--code:#22252a;--hatch:#454952}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.55 Inter,system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;font-feature-settings:"cv11","ss03"}
main{max-width:1240px;margin:0 auto;padding:56px 32px 40px}
h1,h2,h3,p,dl,dd,ul,figure{margin:0;padding:0}
h1,h2{font-family:"Iowan Old Style","Palatino Linotype",Palatino,"Source Serif 4",Charter,Georgia,serif;font-weight:600;text-wrap:balance}
h1{font-size:clamp(28px,4.2vw,46px);line-height:1.14;letter-spacing:-.015em;max-width:30em}
h2{font-size:25px;line-height:1.25;letter-spacing:-.008em;margin-bottom:6px}
h3{font-size:15px;font-weight:600}
.eyebrow{font-size:12.5px;letter-spacing:.09em;text-transform:uppercase;color:var(--accent);font-weight:650;margin-bottom:12px}
.lede{color:var(--soft);max-width:74ch;margin-bottom:20px;text-wrap:pretty}
header .lede{font-size:17px;margin:16px 0 0;max-width:92ch}
section{margin-top:60px}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:1px;margin-top:32px;background:var(--line);border:1px solid var(--line);border-radius:10px;overflow:hidden}
.tiles div{background:var(--card);padding:16px 20px 14px;display:flex;flex-direction:column}
.tiles dt{color:var(--soft);font-size:13px;order:2}
.tiles dd{font-size:27px;line-height:1.25;font-weight:600;letter-spacing:-.015em;font-variant-numeric:tabular-nums}
.tiles small{font-size:15px;font-weight:500;color:var(--soft);letter-spacing:0}
.tiles+.note{max-width:none;margin:12px 0 0}
.pair+.pair{margin-top:40px}
.pair h3{margin-bottom:12px;font-weight:500}
.pair q{font-style:italic;font-family:"Iowan Old Style","Palatino Linotype",Palatino,Charter,Georgia,serif;font-size:18px}
.seed{color:var(--soft);font-size:14px;margin-left:8px;white-space:nowrap}
.pictures{display:grid;grid-template-columns:repeat(3,minmax(0,1fr));gap:16px}
.pictures img{display:block;width:100%;height:auto;border-radius:8px;background:var(--code)}
.pictures figcaption{font-size:14px;margin-top:8px;display:flex;flex-wrap:wrap;gap:0 8px}
.pictures span{color:var(--soft)}
.measures{display:flex;flex-wrap:wrap;gap:6px 28px;margin-top:14px;padding-top:12px;border-top:1px solid var(--line);font-size:15px}
.measures div{display:flex;gap:8px}.measures dt{color:var(--soft)}.measures dd{font-weight:600;font-variant-numeric:tabular-nums}
.controls{position:sticky;top:0;z-index:1;display:none;flex-wrap:wrap;align-items:center;gap:10px 32px;padding:12px 0;background:var(--ground);border-bottom:1px solid var(--line);margin-bottom:20px;font-size:14.5px}
.scripted .controls{display:flex}
.controls label.step{display:flex;align-items:center;gap:14px;flex:1 1 340px}
.controls input[type=range]{flex:1;accent-color:var(--accent);height:28px;margin:0;min-width:120px}
.controls output{font-variant-numeric:tabular-nums;min-width:3.6em}
fieldset{border:0;margin:0;padding:0;display:flex;flex-wrap:wrap;align-items:center;gap:8px;min-width:0}
legend{float:left;margin-right:6px;padding:0}
.choice{display:inline-flex;border:1px solid var(--line);border-radius:7px;overflow:hidden;background:var(--card)}
.choice label{position:relative;padding:5px 13px;cursor:pointer}
.choice label+label{border-left:1px solid var(--line)}
.family{display:inline-flex;align-items:center;gap:8px;color:var(--soft)}.family .choice{color:var(--ink)}
.choice input{position:absolute;inset:0;opacity:0;margin:0;cursor:pointer}
.choice label:has(:checked){background:var(--accent);color:var(--ground)}
.choice label:has(:focus-visible){outline:2px solid var(--accent);outline-offset:-4px;outline-color:currentColor}
.panels{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,420px),1fr));gap:28px 36px}
.panels.broad{grid-template-columns:repeat(auto-fit,minmax(min(100%,560px),1fr))}
.panels figure,.wide{min-width:0}
.panels h3,.wide h3{margin-bottom:2px}
.note{color:var(--soft);font-size:14px;margin-bottom:14px;max-width:58ch}
.scroll{overflow-x:auto;padding:3px 0 4px;margin:0 -2px}
.scroll svg{display:block;margin:0 2px}
:focus-visible{outline:2px solid var(--accent);outline-offset:3px;border-radius:3px}
svg text{font-size:11px;font-variant-numeric:tabular-nums;fill:var(--soft)}
svg .power{font-size:8.5px}
svg .group{overflow:hidden}svg .group rect{fill:var(--line)}
svg .marks{pointer-events:none}svg .marks text{font-size:9.5px;font-weight:600;fill:#fff}
svg .marks text.dark{fill:#1c1d21}
svg .hatch-ground{fill:var(--card)}svg .hatch-line{fill:var(--hatch)}
svg .cursor{fill:none;stroke:var(--ink);stroke-width:2;pointer-events:none;display:none}
.scripted svg .cursor{display:inline}
svg .limit path{fill:var(--ink)}svg .limit text{fill:var(--ink)}svg .limit .before{text-anchor:end;transform:translateX(-16px)}
.legend{display:block;margin-top:10px;max-width:100%}
.keys{list-style:none;display:flex;flex-wrap:wrap;gap:4px 18px;margin-top:14px;font-size:14px}
.keys li{display:flex;align-items:center;gap:7px}
.key{border-radius:2px;outline:1px solid #8886;outline-offset:-1px}
.readout{min-height:1.6em;margin:18px 0 0;font-size:14.5px;font-variant-numeric:tabular-nums;color:var(--soft);display:none}
.scripted .readout{display:block}
.readout b{color:var(--ink);font-weight:600}
.wide{margin-top:36px}
.settings{columns:2 420px;column-gap:48px;font-size:15px}
.settings div{display:grid;grid-template-columns:170px minmax(0,1fr);gap:16px;padding:8px 0;border-top:1px solid var(--line);break-inside:avoid}
.settings dt{color:var(--soft)}.settings dd{overflow-wrap:anywhere}
.settings ul{padding-left:1.1em}
code,pre{font-family:ui-monospace,"SF Mono","Cascadia Code",Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:13px}
.purpose{font-size:14.5px;color:var(--soft);margin:18px 0 6px}
pre{margin:0;padding:14px 16px;background:var(--code);border-radius:8px;line-height:1.6;white-space:pre-wrap;overflow-wrap:anywhere}
footer{margin-top:64px;padding-top:16px;border-top:1px solid var(--line);color:var(--soft);font-size:13.5px;display:flex;flex-wrap:wrap;gap:4px 24px;justify-content:space-between}
@media (max-width:720px){main{padding:32px 18px 28px}section{margin-top:44px}.pictures{grid-template-columns:1fr 1fr}.pictures figure:last-child{grid-column:1/-1}.tiles{grid-template-columns:1fr 1fr}.tiles div:last-child:nth-child(odd){grid-column:1/-1}.tiles div{padding:12px 14px}.tiles dd{font-size:22px}.settings div{grid-template-columns:1fr;gap:0}.controls{position:static}}
@media print{.controls{display:none!important}.pair,figure{break-inside:avoid}}
`;
