package main

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"example.com/cannery/fixtures/checkup"
)

// TestEachCheckOfDoctorHasAdvice, whatever it finds, and a name of its own.
func TestEachCheckOfDoctorHasAdvice(t *testing.T) {
	names := map[string]bool{}
	for _, check := range new(doctor).checks() {
		if check.Name == "" || names[check.Name] || check.Hint == "" || check.Try == nil {
			t.Errorf("the check %q has the name of another, or no hint", check.Name)
		}
		names[check.Name] = true
		check.Try = func(context.Context) []checkup.Finding {
			return []checkup.Finding{checkup.Found("well"), {Level: checkup.Warn, What: "one"}, checkup.Failed(context.Canceled)}
		}
		for _, found := range check.Run(t.Context()) {
			var out bytes.Buffer
			o := &doctor{world: &world{stdout: &out, env: environment{lookup: func(string) (string, bool) { return "", false }}}}
			if err := o.print(found); err != nil {
				t.Fatal(err)
			}
			if bad := found.Level > checkup.OK; bad != strings.HasSuffix(out.String(), "\n      "+check.Hint+"\n") {
				t.Errorf("%s: printed %q", check.Name, out.String())
			}
		}
	}
}
