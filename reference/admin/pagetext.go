package admin

// pageText is the page, whole: no script, nothing loaded. A grade is a colour
// beside words that say the same.
const pageText = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{{with .Summary}}{{.Verdict}} {{end}}BleepStore</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
{{if .Refresh}}<meta http-equiv="refresh" content="5">
{{end}}<style>
:root { color-scheme: light dark; --ink: #1a1a1a; --paper: #fff; --soft: #595959; --line: #c4c4c4; --good: #0b5d1e; --worse: #7a4a00; --bad: #a40e26; --link: #0550ae }
@media (prefers-color-scheme: dark) {
:root { --ink: #ececec; --paper: #161616; --soft: #b0b0b0; --line: #4a4a4a; --good: #7ee2a0; --worse: #f2c26b; --bad: #ff9a9a; --link: #8ab8ff }
}
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 84rem; padding: 0 1rem; color: var(--ink); background: var(--paper) }
h1 { font-size: 1.5rem; margin: 0 } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem } a { color: var(--link) }
.verdict { font-size: 1.2rem; font-weight: 600; margin: .25rem 0 1rem } .soft { color: var(--soft); font-weight: 400 }
.good { color: var(--good) } .worse { color: var(--worse) } .bad { color: var(--bad) }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1.5rem; margin: 0 } dt { color: var(--soft) } dd { margin: 0 }
.wide { overflow-x: auto } table { border-collapse: collapse; width: 100% }
caption { text-align: left; color: var(--soft); padding-bottom: .3rem }
th, td { text-align: left; padding: .35rem .7rem; border-bottom: 1px solid var(--line); vertical-align: top; white-space: nowrap } thead th { white-space: normal; vertical-align: bottom }
td.why { white-space: normal; overflow-wrap: anywhere } td.n, th.n { text-align: right; font-variant-numeric: tabular-nums }
code { font-family: ui-monospace, monospace }
</style></head><body>
<h1>BleepStore</h1>
{{if not .Summary}}<p class="verdict">This server is one node, not a cluster.</p>
<p>It answers <code>GET /admin/backup</code>.</p>
{{else}}<p class="verdict {{.Grade}}">{{.Verdict}}</p>
<dl>
<dt>Leader</dt><dd>{{with .Leader}}<code>{{.}}</code>{{else}}nobody who answers{{end}}</dd>
<dt>Term</dt><dd>{{.Term}}</dd>
<dt>Quorum</dt><dd>{{if .Quorum}}yes{{else}}no{{end}}: {{.VotersReachable}} of {{.Voters}} voters answer</dd>
<dt>Blobs below R</dt><dd>{{.Blobs.Below}}</dd>
<dt>Blobs lost</dt><dd>{{.Blobs.Lost}}</dd>
</dl>
<h2>Nodes</h2>
<div class="wide" role="region" aria-label="Nodes" tabindex="0"><table>
<caption>Lag is what is committed and not yet applied at the node, in log entries. Blobs are those that the node should hold.</caption>
<thead><tr><th scope="col">Node</th><th scope="col">State</th><th scope="col">Role</th><th scope="col">Vote</th><th scope="col" class="n">Term</th>
<th scope="col" class="n">Commit</th><th scope="col" class="n">Applied</th><th scope="col" class="n">Lag</th><th scope="col">Last contact</th><th scope="col" class="n">Snapshot</th>
<th scope="col" class="n">Blobs held</th><th scope="col" class="n">Blobs missing</th><th scope="col" class="n">Blobs lost</th></tr></thead>
<tbody>
{{range .Nodes}}<tr><th scope="row"><code>{{.ID}}</code><br><span class="soft">{{.Addr}}</span></th><td class="{{.Grade}}">{{.State}}</td>
{{if .Reachable}}<td>{{.Role}}</td><td>{{.Votes}}</td><td class="n">{{.Term}}</td><td class="n">{{.Commit}}</td><td class="n">{{.Applied}}</td><td class="n">{{.Lag}}</td>
<td>{{.Contact}}</td><td class="n">{{.LastSnapshot}}</td><td class="n">{{.Blobs.Held}}</td><td class="n">{{.Blobs.Missing}}</td><td class="n">{{.Blobs.Lost}}</td>
{{else}}<td>unknown</td><td>{{.Votes}}</td><td colspan="9" class="why">{{.Error}}</td>
{{end}}</tr>
{{end}}</tbody></table></div>
<h2>For programs</h2>
<p><a href="/admin/cluster/status">/admin/cluster/status</a>, <a href="/admin/cluster/nodes">/admin/cluster/nodes</a>, <a href="/admin/cluster/raft/stats">/admin/cluster/raft/stats</a> of this node.</p>
{{end}}<p class="soft">As of {{.Made}} UTC. {{if .Refresh}}The page is loaded again every 5 seconds: <a href="/admin/?refresh=off">stop that</a>.{{else}}<a href="/admin/">Load it again every 5 seconds</a>.{{end}}</p>
</body></html>
`
