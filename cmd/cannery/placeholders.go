package main

import (
	"strings"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/file"
	"example.com/cannery/fixtures/placeholder"
)

// samePlaceholders returns a recording that was made again, with the secrets in
// it called as in the one before: other fixtures name them so. The first secret
// of a kind is taken for what the first was, and so on.
func samePlaceholders(before, again *fixtures.Recording) (*fixtures.Recording, error) {
	was, _, err := file.Encode(before, nil)
	if err != nil {
		return nil, err
	}
	is, _, err := file.Encode(again, nil)
	if err != nil {
		return nil, err
	}
	doc := renamePlaceholders(string(was), string(is))
	if doc == string(is) {
		return again, nil
	}
	rec, err := file.Decode("", []byte(doc), again.Request.Origin, nil)
	if err != nil {
		return nil, err
	}
	out := *again
	out.Response = rec.Response
	return &out, nil
}

// renamePlaceholders gives those of a text the names that they have in the text
// before, kind by kind in the order of their first places.
func renamePlaceholders(before, text string) string {
	was, is := placeholdersOf(before), placeholdersOf(text)
	names := map[string]string{}
	for kind, list := range is {
		for i, name := range list {
			if i < len(was[kind]) {
				names[name] = was[kind][i]
			}
		}
	}
	return placeholder.Numbered.ReplaceAllStringFunc(text, func(name string) string {
		if other, ok := names[name]; ok {
			return other
		}
		return name
	})
}

// placeholdersOf returns the placeholders of a text by their kind, each once.
func placeholdersOf(text string) map[string][]string {
	byKind := map[string][]string{}
	seen := map[string]bool{}
	for _, name := range placeholder.Numbered.FindAllString(text, -1) {
		if !seen[name] {
			seen[name] = true
			kind := name[:strings.LastIndexByte(name, '-')]
			byKind[kind] = append(byKind[kind], name)
		}
	}
	return byKind
}
