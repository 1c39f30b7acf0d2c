package html

// pictureStyle is that of the picture, alone and inside of the page. Colours
// follow what the reader's system prefers.
const pictureStyle = `
.map{--paper:#ffffff;--ink:#1b2330;--soft:#5b6675;--line:#8a97a8;--frame:#f4f6f9;--edge:#c3ccd8;--pod:#ffffff;--bar:#dbe7fb;--bar-edge:#7fa3df;--over:#e6dcfa;--over-edge:#9a7fd6;--up:#d9f0e1;--up-edge:#6bb086;--warn:#b65b00;--warn-fill:#fff1df;--tunnel:#7a53c9;--net:#4b9068}
@media (prefers-color-scheme:dark){.map{--paper:#12161c;--ink:#e6eaf0;--soft:#a2adbb;--line:#6b7889;--frame:#1a2028;--edge:#333d4a;--pod:#222a34;--bar:#1f3356;--bar-edge:#4a74b8;--over:#33264f;--over-edge:#8467c6;--up:#1c3a29;--up-edge:#4f9169;--warn:#ffb15c;--warn-fill:#3a2a14;--tunnel:#a98bf0;--net:#6bb58b}}
.map{font:13px ui-sans-serif,system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
.map .paper{fill:var(--paper)}
.map text{fill:var(--ink);white-space:pre}
.map .name{font-weight:600}
.map .pod .name{font:600 12px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
.map .head .name{font-size:17px}
.map .fact,.map .end,.map .port,.map .note{fill:var(--soft);font-size:11.5px}
.map .fact,.map .end,.map .port{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:11px}
.map .frame{fill:var(--frame);stroke:var(--edge)}
.map .pod .box{fill:var(--pod);stroke:var(--line)}
.map .none .pod .box{stroke-dasharray:4 3}
.map .host .pod .box{fill:none;stroke-dasharray:2 3}
.map .warned>.box,.map .pod.warned .box{stroke:var(--warn);fill:var(--warn-fill);stroke-width:1.5}
.map .badge{fill:var(--warn)}
.map .badge-text{fill:var(--paper);font-size:11px;font-weight:700;text-anchor:middle}
.map .wire,.map .link{fill:none;stroke:var(--line);stroke-width:1.5}
.map .bar rect{fill:var(--bar);stroke:var(--bar-edge)}
.map .routes .bar rect,.map .parent .bar rect{fill:none;stroke-dasharray:6 4}
.map .chip .box{stroke:var(--line);fill:var(--pod)}
.map .overlay .box{fill:var(--over);stroke:var(--over-edge)}
.map .uplink .box{fill:var(--up);stroke:var(--up-edge)}
.map .down .box{stroke:var(--warn);stroke-dasharray:5 3}
.map .trunk path,.map .leg{fill:none;stroke-width:2}
.map .trunk.tunnel path,.map .leg.tunnel{stroke:var(--tunnel)}
.map .trunk.network path,.map .leg.network{stroke:var(--net)}
.map .trunk.dashed path,.map .leg.dashed{stroke:var(--warn);stroke-dasharray:6 4}
.map .trunk-text{font-size:11.5px;text-anchor:middle;fill:var(--soft)}
.map .off{opacity:.13}
`

// pageStyle is that of the page around it.
const pageStyle = `
:root{color-scheme:light dark}
body{margin:0;font:14px/1.45 ui-sans-serif,system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;background:#fff;color:#1b2330}
header{position:sticky;top:0;z-index:1;display:flex;flex-wrap:wrap;gap:6px 20px;align-items:baseline;padding:10px 20px;background:#fffffff2;border-bottom:1px solid #c3ccd8}
h1{font-size:17px;margin:0}
h2{font-size:15px;margin:26px 0 8px}
main{padding:0 20px 30px}
.scroll{overflow-x:auto;margin:0 -20px}
.scroll svg{display:block}
label{display:inline-flex;gap:8px;align-items:baseline}
[hidden]{display:none!important}
input{font:inherit;padding:3px 8px;min-width:16em;border:1px solid #8a97a8;border-radius:5px;background:transparent;color:inherit}
.key{display:flex;flex-wrap:wrap;gap:4px 18px;color:#5b6675;font-size:12.5px}
.key i{display:inline-block;width:14px;height:10px;border-radius:3px;margin-right:6px;border:1px solid #8a97a8}
.key .k-bar{background:#7fa3df}.key .k-over{background:#9a7fd6}.key .k-up{background:#6bb086}.key .k-warn{background:#e58a1f}
.table{overflow-x:auto}
th,td{white-space:nowrap}
table{border-collapse:collapse;font-size:13px}
th,td{text-align:left;padding:4px 18px 4px 0;border-bottom:1px solid #c3ccd866;vertical-align:top}
td{font-variant-numeric:tabular-nums}
tr.off{display:none}
li{margin:4px 0}
li b{color:#b65b00}
.why{color:#5b6675}
a{color:inherit}
@media (prefers-color-scheme:dark){body{background:#12161c;color:#e6eaf0}header{background:#12161cf2;border-color:#333d4a}.key,.why{color:#a2adbb}li b{color:#ffb15c}}
@media print{header{position:static}label{display:none}}
`

// script filters by what is typed. Without it all is shown.
const script = `
(function(){
"use strict";
var box=document.getElementById("q"),said=document.getElementById("said"),all=document.querySelectorAll("[data-search]");
document.getElementById("search").hidden=false;
function filter(){
var want=box.value.trim().toLowerCase().split(/\s+/),hits=0,hit=null;
all.forEach(function(e){
var text=e.getAttribute("data-search"),ok=want.every(function(w){return text.indexOf(w)>=0;});
e.classList.toggle("off",!ok);
if(ok&&e.classList.contains("pod")){hits++;hit=hit||e;}
});
said.textContent=box.value.trim()?hits+(hits===1?" pod":" pods"):"";
return hit;
}
function fromLink(){
if(location.hash.indexOf("#find=")===0){box.value=decodeURIComponent(location.hash.slice(6));filter();}
}
fromLink();
window.addEventListener("hashchange",fromLink);
box.addEventListener("input",filter);
box.addEventListener("keydown",function(ev){
if(ev.key==="Enter"){var hit=filter();if(hit){hit.scrollIntoView({block:"center"});}}
if(ev.key==="Escape"){box.value="";filter();}
});
})();
`
