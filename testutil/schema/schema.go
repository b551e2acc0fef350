// Package schema holds documents of tests against JSON schemas. It stands by itself: a
// program that links the validator starts later, and scripts start many.
package schema

import (
	"bytes"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"example.com/cannery/fixtures/file"
)

// fixtureSchema returns the compiled schema of a fixture file.
var fixtureSchema = sync.OnceValues(func() (*jsonschema.Schema, error) {
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(file.Schema()))
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("fixture.json", doc); err != nil {
		return nil, err
	}
	return c.Compile("fixture.json")
})

// WantValid fails unless a document is what the schema of a fixture says.
func WantValid(t testing.TB, doc []byte) {
	t.Helper()
	Want(t, fixtureSchema, doc)
}

// Want fails unless a document is what a schema says.
func Want(t testing.TB, compiled func() (*jsonschema.Schema, error), doc []byte) {
	t.Helper()
	schema, err := compiled()
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(doc))
	if err != nil {
		t.Fatalf("%v in %s", err, doc)
	}
	if err := schema.Validate(value); err != nil {
		t.Fatalf("%v in %s", err, doc)
	}
}
