package explain

import (
	"bytes"
	"encoding/json"

	"example.com/cannery/fixtures"
)

// operationOf returns a hash of the operation that a request asks for, or of those of a
// batch in their order; 0 when there is none that has a name.
func operationOf(req *fixtures.Request) uint32 {
	if text := bytes.TrimLeft(req.Body, " \t\r\n"); len(text) > 0 && text[0] == '[' && len(text) <= maxTaken {
		return operationsOf(typeOf(req), text)
	}
	if name := req.Operation(); name != "" {
		return hash(hashBasis, name)
	}
	return 0
}

func operationsOf(contentType map[string][]string, text []byte) uint32 {
	var batch []json.RawMessage
	if !bytes.Contains(text, []byte(`"method"`)) && !bytes.Contains(text, []byte(`"query"`)) && !bytes.Contains(text, []byte(`"operationName"`)) || json.Unmarshal(text, &batch) != nil {
		return 0
	}
	all, named := uint32(hashBasis), false
	for _, call := range batch {
		name := (&fixtures.Request{Header: contentType, Body: call}).Operation()
		all, named = hash(hash(all, "["), name), named || name != ""
	}
	if !named {
		return 0
	}
	return all
}
