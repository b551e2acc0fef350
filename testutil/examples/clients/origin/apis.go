package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

type object = map[string]any

// github has a repository with three pages of issues.
func github() http.Handler {
	mux := http.NewServeMux()
	issue := func(n string) object {
		return object{"number": json.Number(n), "title": "issue " + n, "state": "open", "created_at": "2026-03-01T12:00:00Z", "user": object{"login": "ada", "id": 1}}
	}
	get := func(pattern string, value func(r *http.Request) any) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Etag", fmt.Sprintf(`W/"%x"`, r.URL.String()))
			w.Header().Set("Vary", "Accept, Authorization, Cookie, X-GitHub-OTP, Accept-Encoding")
			if strings.HasSuffix(r.URL.Path, "/issues") {
				page := max(1, slices.Index([]string{"", "1", "2", "3"}, r.URL.Query().Get("page")))
				if page < 3 {
					w.Header().Set("Link", fmt.Sprintf(`<http://%s%s?per_page=2&page=%d>; rel="next"`, r.Host, r.URL.Path, page+1))
				}
			}
			send(w, http.StatusOK, value(r))
		})
	}
	get("GET /user", func(*http.Request) any { return object{"login": "ada", "id": 1} })
	get("GET /repos/{owner}/{repo}", func(r *http.Request) any {
		return object{"id": 7, "full_name": r.PathValue("owner") + "/" + r.PathValue("repo"), "url": "http://" + r.Host + r.URL.Path}
	})
	get("GET /repos/{owner}/{repo}/issues", func(r *http.Request) any {
		return []object{issue("1" + r.URL.Query().Get("page")), issue("2" + r.URL.Query().Get("page"))}
	})
	get("GET /repos/{owner}/{repo}/issues/{n}", func(r *http.Request) any { return issue(r.PathValue("n")) })
	get("GET /repos/{owner}/{repo}/contents/{path...}", func(r *http.Request) any {
		return object{"path": r.PathValue("path"), "encoding": "base64", "content": base64.StdEncoding.EncodeToString([]byte("# read me\n"))}
	})
	get("GET /search/issues", func(*http.Request) any { return object{"total_count": 1, "items": []object{issue("1")}} })
	mux.HandleFunc("POST /repos/{owner}/{repo}/issues", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "http://"+r.Host+r.URL.Path+"/9")
		send(w, http.StatusCreated, issue("9"))
	})
	mux.HandleFunc("PATCH /repos/{owner}/{repo}/issues/{n}", func(w http.ResponseWriter, r *http.Request) { send(w, http.StatusOK, issue(r.PathValue("n"))) })
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		send(w, http.StatusNotFound, object{"message": "Not Found"})
	})
	return mux
}

var words = []string{"record", " once", ", replay", " for ever"}

// openAI answers chats, whole and as a stream, and takes files.
func openAI() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/models", func(w http.ResponseWriter, _ *http.Request) {
		send(w, http.StatusOK, object{"object": "list", "data": []object{{"id": "gpt-test", "object": "model", "created": 1772366400, "owned_by": "ada"}}})
	})
	mux.HandleFunc("POST /v1/chat/completions", func(w http.ResponseWriter, r *http.Request) {
		chunk := object{"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1772366400, "model": "gpt-test"}
		if !bytes.Contains(content(w, r), []byte(`"stream":true`)) {
			chunk["object"], chunk["usage"] = "chat.completion", object{"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}
			chunk["choices"] = []object{{"index": 0, "finish_reason": "stop", "message": object{"role": "assistant", "content": strings.Join(words, "")}}}
			send(w, http.StatusOK, chunk)
			return
		}
		var each []string
		for _, word := range words {
			chunk["choices"] = []object{{"index": 0, "delta": object{"content": word}}}
			each = append(each, "data: "+text(chunk))
		}
		events(w, append(each, "data: [DONE]"))
	})
	mux.HandleFunc("POST /v1/responses", func(w http.ResponseWriter, r *http.Request) {
		of := object{"id": "resp_1", "object": "response", "created_at": 1772366400, "status": "completed", "model": "gpt-test"}
		of["output"] = []object{{"type": "message", "id": "msg_1", "role": "assistant", "content": []object{{"type": "output_text", "text": strings.Join(words, "")}}}}
		if !bytes.Contains(content(w, r), []byte(`"stream":true`)) {
			send(w, http.StatusOK, of)
			return
		}
		var each []string
		for n, word := range words {
			each = append(each, "event: response.output_text.delta\ndata: "+text(object{"type": "response.output_text.delta", "sequence_number": n, "item_id": "msg_1", "delta": word}))
		}
		events(w, append(each, "event: response.completed\ndata: "+text(object{"type": "response.completed", "response": of})))
	})
	mux.HandleFunc("POST /v1/embeddings", func(w http.ResponseWriter, _ *http.Request) {
		send(w, http.StatusOK, object{"object": "list", "data": []object{{"object": "embedding", "index": 0, "embedding": "AACAPwAAAEA="}}, "model": "embed-test"})
	})
	mux.HandleFunc("POST /v1/files", func(w http.ResponseWriter, r *http.Request) {
		_, file, err := r.FormFile("file")
		if err != nil {
			send(w, http.StatusBadRequest, object{"error": object{"message": err.Error()}})
			return
		}
		send(w, http.StatusOK, object{"id": "file-1", "object": "file", "bytes": file.Size, "filename": file.Filename, "purpose": r.FormValue("purpose")})
	})
	return mux
}

// anthropic answers messages, whole and as a stream.
func anthropic() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/models", func(w http.ResponseWriter, _ *http.Request) {
		send(w, http.StatusOK, object{"data": []object{{"id": "claude-test", "type": "model"}}, "has_more": false})
	})
	mux.HandleFunc("POST /v1/messages/count_tokens", func(w http.ResponseWriter, _ *http.Request) { send(w, http.StatusOK, object{"input_tokens": 3}) })
	mux.HandleFunc("POST /v1/messages", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Api-Key")+r.Header.Get("Authorization") == "" || r.Header.Get("Anthropic-Version") == "" {
			send(w, http.StatusUnauthorized, object{"type": "error", "error": object{"type": "authentication_error", "message": "no key"}})
			return
		}
		message := object{"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-test", "stop_reason": "end_turn", "usage": object{"input_tokens": 3, "output_tokens": 4}}
		message["content"] = []object{{"type": "text", "text": strings.Join(words, "")}}
		if !bytes.Contains(content(w, r), []byte(`"stream":true`)) {
			send(w, http.StatusOK, message)
			return
		}
		message["content"], message["stop_reason"] = []object{}, nil
		event := func(of object) string { return fmt.Sprintf("event: %s\ndata: %s", of["type"], text(of)) }
		each := []string{
			event(object{"type": "message_start", "message": message}),
			event(object{"type": "content_block_start", "index": 0, "content_block": object{"type": "text", "text": ""}}), event(object{"type": "ping"}),
		}
		for _, word := range words {
			each = append(each, event(object{"type": "content_block_delta", "index": 0, "delta": object{"type": "text_delta", "text": word}}))
		}
		events(w, append(each, event(object{"type": "content_block_stop", "index": 0}),
			event(object{"type": "message_delta", "delta": object{"stop_reason": "end_turn"}, "usage": object{"output_tokens": 4}}), event(object{"type": "message_stop"})))
	})
	return mux
}

func text(value any) string {
	b, err := json.Marshal(value)
	if err != nil {
		panic(err) // of what is written above
	}
	return string(b)
}

// elasticsearch has one index. What it is sent in bulk has to be lines of JSON.
func elasticsearch() http.Handler {
	mux := http.NewServeMux()
	hit := object{"_index": "notes", "_id": "1", "_source": object{"text": "buy milk"}}
	say := func(pattern string, value any) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if content(w, r) != nil {
				vendor(w, value)
			}
		})
	}
	say("GET /{$}", object{"name": "node-1", "version": object{"number": "9.5.1"}, "tagline": "You Know, for Search"})
	say("PUT /notes", object{"acknowledged": true, "shards_acknowledged": true, "index": "notes"})
	say("DELETE /notes", object{"acknowledged": true})
	say("/notes/_refresh", object{"_shards": object{"total": 2, "successful": 1, "failed": 0}})
	say("GET /notes/_doc/1", object{"_index": "notes", "_id": "1", "found": true, "_source": hit["_source"]})
	say("POST /notes/_search", object{"took": 1, "timed_out": false, "hits": object{"total": object{"value": 1, "relation": "eq"}, "hits": []object{hit}}})
	say("POST /notes/_count", object{"count": 2})
	say("POST /_msearch", object{"took": 1, "responses": []object{{"status": 200, "hits": object{"hits": []object{hit}}}}})
	bulk := func(w http.ResponseWriter, r *http.Request) {
		items := []object{}
		for line := range bytes.Lines(content(w, r)) {
			var of object
			if json.Unmarshal(line, &of) != nil {
				send(w, http.StatusBadRequest, object{"error": "malformed action", "status": 400})
				return
			}
			if of["index"] != nil {
				items = append(items, object{"index": object{"_index": "notes", "_id": fmt.Sprint(len(items) + 1), "status": 201}})
			}
		}
		vendor(w, object{"took": 1, "errors": false, "items": items})
	}
	mux.HandleFunc("POST /_bulk", bulk)
	mux.HandleFunc("PUT /_bulk", bulk)
	return mux
}

func vendor(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/vnd.elasticsearch+json;compatible-with=9")
	json.NewEncoder(w).Encode(value)
}

// graphQL answers by the name of the operation.
func graphQL() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var asked struct {
			Query, OperationName string
			Variables            object
		}
		if json.Unmarshal(content(w, r), &asked) != nil || asked.Query == "" {
			send(w, http.StatusBadRequest, object{"errors": []object{{"message": "there is no query"}}})
			return
		}
		switch asked.OperationName {
		case "Notes":
			send(w, http.StatusOK, object{"data": object{"notes": []object{{"id": "1"}, {"id": "2"}}}})
		case "Note", "AddNote":
			send(w, http.StatusOK, object{"data": object{"note": asked.Variables}})
		default:
			send(w, http.StatusOK, object{"errors": []object{{"message": "unknown operation " + asked.OperationName}}})
		}
	})
}

const wsdl = `<?xml version="1.0"?><definitions name="Quote" targetNamespace="urn:quote" xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:tns="urn:quote" xmlns:xsd="http://www.w3.org/2001/XMLSchema">
<types><xsd:schema targetNamespace="urn:quote"><xsd:element name="Ask"><xsd:complexType><xsd:sequence><xsd:element name="symbol" type="xsd:string"/></xsd:sequence></xsd:complexType></xsd:element>
<xsd:element name="Answer"><xsd:complexType><xsd:sequence><xsd:element name="price" type="xsd:string"/></xsd:sequence></xsd:complexType></xsd:element></xsd:schema></types>
<message name="AskIn"><part name="parameters" element="tns:Ask"/></message><message name="AskOut"><part name="parameters" element="tns:Answer"/></message>
<portType name="QuotePort"><operation name="Ask"><input message="tns:AskIn"/><output message="tns:AskOut"/></operation></portType>
<binding name="QuoteBinding" type="tns:QuotePort"><soap:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/><operation name="Ask"><soap:operation soapAction="urn:quote#Ask"/><input><soap:body use="literal"/></input><output><soap:body use="literal"/></output></operation></binding>
<service name="Quote"><port name="QuotePort" binding="tns:QuoteBinding"><soap:address location="http://%s/quote"/></port></service></definitions>`

// soap tells the price of a symbol to those whose header has a token.
func soap() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/xml; charset=utf-8")
		if r.Method == http.MethodGet {
			fmt.Fprintf(w, wsdl, r.Host)
			return
		}
		var asked struct {
			Created string `xml:"Header>Security>Timestamp>Created"`
			Nonce   string `xml:"Header>Security>UsernameToken>Nonce"`
			Symbol  string `xml:"Body>Ask>symbol"`
		}
		bad := xml.Unmarshal(content(w, r), &asked) != nil || asked.Created == "" || asked.Nonce == ""
		inner := fmt.Sprintf(`<Answer xmlns="urn:quote"><price>%d</price></Answer>`, 100+len(asked.Symbol))
		if bad {
			w.WriteHeader(http.StatusInternalServerError)
			inner = `<soap:Fault><faultcode>wsse:FailedAuthentication</faultcode><faultstring>no token</faultstring></soap:Fault>`
		}
		fmt.Fprintf(w, `<?xml version="1.0"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>%s</soap:Body></soap:Envelope>`, inner)
	})
}

// oauth gives a new token for each grant, and tells whose a token is.
func oauth() http.Handler {
	mux, given := http.NewServeMux(), newTokens()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, r *http.Request) {
		at := "http://" + r.Host
		send(w, http.StatusOK, object{
			"issuer": at, "authorization_endpoint": at + "/authorize", "token_endpoint": at + "/token", "userinfo_endpoint": at + "/userinfo",
			"introspection_endpoint": at + "/introspect", "revocation_endpoint": at + "/revoke", "jwks_uri": at + "/jwks",
			"token_endpoint_auth_methods_supported": []string{"private_key_jwt"}, "code_challenge_methods_supported": []string{"S256"},
		})
	})
	mux.HandleFunc("GET /authorize", func(w http.ResponseWriter, r *http.Request) {
		asked := r.URL.Query()
		if asked.Get("code_challenge") == "" {
			send(w, http.StatusBadRequest, object{"error": "invalid_request"})
			return
		}
		http.Redirect(w, r, asked.Get("redirect_uri")+"?code="+given.add()+"&state="+asked.Get("state"), http.StatusFound)
	})
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		if strings.Count(r.FormValue("client_assertion"), ".") != 2 {
			send(w, http.StatusUnauthorized, object{"error": "invalid_client"})
			return
		}
		kind := r.FormValue("grant_type")
		if kind == "authorization_code" && (!given.has(r.FormValue("code")) || r.FormValue("code_verifier") == "") || kind == "refresh_token" && !given.has(r.FormValue("refresh_token")) {
			send(w, http.StatusBadRequest, object{"error": "invalid_grant"})
			return
		}
		send(w, http.StatusOK, object{"access_token": given.add(), "refresh_token": given.add(), "token_type": "bearer", "expires_in": 3600})
	})
	mux.HandleFunc("GET /userinfo", func(w http.ResponseWriter, r *http.Request) {
		if !given.has(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")) {
			send(w, http.StatusUnauthorized, object{"error": "invalid_token"})
			return
		}
		send(w, http.StatusOK, object{"sub": "ada", "name": "Ada"})
	})
	mux.HandleFunc("POST /introspect", func(w http.ResponseWriter, r *http.Request) {
		send(w, http.StatusOK, object{"active": given.has(r.FormValue("token")), "sub": "ada"})
	})
	mux.HandleFunc("POST /revoke", func(http.ResponseWriter, *http.Request) {})
	return mux
}

// bearer answers whoever has a JWT.
func bearer() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		parts := strings.Split(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), ".")
		if len(parts) != 3 {
			send(w, http.StatusUnauthorized, object{"error": "no token"})
			return
		}
		claims, err := base64.RawURLEncoding.DecodeString(parts[1])
		var who struct{ Sub, Jti string }
		if err != nil || json.Unmarshal(claims, &who) != nil || who.Jti == "" {
			send(w, http.StatusUnauthorized, object{"error": "bad token"})
			return
		}
		send(w, http.StatusOK, object{"sub": who.Sub, "method": r.Method, "path": r.URL.Path})
	})
}

// rest is what most APIs are: pages of a list, an object that is made, changed and
// removed, a redirect, an upload.
func rest() http.Handler {
	mux := http.NewServeMux()
	notes := []string{"buy milk", "call Bob", "water the flowers"}
	mux.HandleFunc("GET /notes", func(w http.ResponseWriter, r *http.Request) {
		page := slices.Index([]string{"1", "2", "3"}, r.URL.Query().Get("page"))
		if page < 0 {
			send(w, http.StatusBadRequest, object{"error": "which page?"})
			return
		}
		if page < 2 {
			w.Header().Set("Link", fmt.Sprintf(`<http://%s/notes?page=%d>; rel="next"`, r.Host, page+2))
		}
		send(w, http.StatusOK, []string{notes[page]})
	})
	mux.HandleFunc("GET /notes/{id}", func(w http.ResponseWriter, r *http.Request) {
		if r.PathValue("id") == "404" {
			send(w, http.StatusNotFound, object{"error": "there is none"})
			return
		}
		w.Header().Set("Etag", `"`+r.PathValue("id")+`"`)
		http.ServeContent(w, r, "note.json", modified, strings.NewReader(text(object{"id": r.PathValue("id")})))
	})
	mux.HandleFunc("POST /notes", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "/notes/9")
		send(w, http.StatusCreated, object{"id": "9", "text": string(content(w, r))})
	})
	mux.HandleFunc("PUT /notes/9", func(w http.ResponseWriter, r *http.Request) {
		send(w, http.StatusOK, object{"id": "9", "text": string(content(w, r))})
	})
	mux.HandleFunc("DELETE /notes/9", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("GET /latest", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://"+r.Host+"/notes/3", http.StatusFound)
	})
	mux.HandleFunc("POST /upload", func(w http.ResponseWriter, r *http.Request) {
		_, file, err := r.FormFile("file")
		if err != nil {
			send(w, http.StatusBadRequest, object{"error": err.Error()})
			return
		}
		send(w, http.StatusOK, object{"name": file.Filename, "size": file.Size})
	})
	return mux
}
