package ops

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html/template"
	"strings"
	"sync"

	"bleepstore/reference/s3"
)

// openAPI describes the operations as OpenAPI 3.1. Its paths are unique, so
// operations that a query parameter or a header selects stand under
// x-operations of their path and method.
func openAPI(ops []s3.Operation) ([]byte, error) {
	paths := map[string]map[string]any{}
	for _, op := range ops {
		item := paths[op.Path]
		if item == nil {
			item = map[string]any{}
			paths[op.Path] = item
		}
		method := strings.ToLower(op.Method)
		entry, _ := item[method].(map[string]any)
		if entry == nil {
			entry = map[string]any{
				"responses": map[string]any{"default": map[string]any{"description": "XML of the S3 API, or an Error document"}},
				"security":  []any{map[string]any{"sigv4": []any{}}},
			}
			if params := pathParameters(op.Path); params != nil {
				entry["parameters"] = params
			}
		}
		list, _ := entry["x-operations"].([]map[string]any)
		entry["x-operations"] = append(list, map[string]any{
			"name": op.Name, "query": op.Query, "header": op.Header, "parameters": op.Parameters, "implemented": op.Implemented, "unset": op.Unset,
		})
		item[method] = entry
	}
	doc := map[string]any{
		"openapi": "3.1.0",
		"info":    map[string]any{"title": "BleepStore", "version": "1", "description": "The S3 operations of this server. One that is not implemented is answered 501; one marked unset speaks of a configuration that cannot be set here, and always says that it is not."},
		"paths":   paths,
		"components": map[string]any{"securitySchemes": map[string]any{"sigv4": map[string]any{
			"type": "apiKey", "in": "header", "name": "Authorization", "description": "AWS Signature Version 4"}}},
	}
	out, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("openapi: %w", err)
	}
	return append(out, '\n'), nil
}

func pathParameters(path string) []any {
	var out []any
	for _, name := range []string{"Bucket", "Key"} {
		if strings.Contains(path, "{"+name+"}") {
			out = append(out, map[string]any{"name": name, "in": "path", "required": true, "schema": map[string]any{"type": "string"}})
		}
	}
	return out
}

// page is parsed when somebody asks for it: an idle server has no use for it.
var page = sync.OnceValue(func() *template.Template { return template.Must(template.New("docs").Parse(pageText)) })

const pageText = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>BleepStore: operations</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; color: #1a1a1a; background: #fff }
table { border-collapse: collapse; width: 100% } th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid #ccc; vertical-align: top }
code { font-family: ui-monospace, monospace } .missing td { color: #595959 }
</style></head><body>
<h1>BleepStore</h1>
<p>The S3 operations of this server. One that is not implemented is answered <code>501 NotImplemented</code>, never ignored.
One that speaks of a configuration which cannot be set here always answers that it is not set.
The same for programs: <a href="/openapi.json">/openapi.json</a>. Also here, when turned on: <a href="/healthz">/healthz</a>,
<a href="/readyz">/readyz</a>, <a href="/metrics">/metrics</a>.</p>
<table><thead><tr><th scope="col">operation</th><th scope="col">request</th><th scope="col">selected by</th><th scope="col">implemented</th></tr></thead><tbody>
{{range .}}<tr{{if not .Implemented}} class="missing"{{end}}><td>{{.Name}}</td><td><code>{{.Method}} {{.Path}}</code></td>
<td>{{if .Query}}<code>?{{.Query}}</code>{{end}}{{if .Header}} <code>{{.Header}}</code>{{end}}</td><td>{{if .Unset}}not set, always{{else if .Implemented}}yes{{else}}no, 501{{end}}</td></tr>
{{end}}</tbody></table></body></html>
`

func docs(ops []s3.Operation) ([]byte, error) {
	var b bytes.Buffer
	if err := page().Execute(&b, ops); err != nil {
		return nil, fmt.Errorf("docs: %w", err)
	}
	return b.Bytes(), nil
}
