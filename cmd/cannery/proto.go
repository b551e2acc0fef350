package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/bufbuild/protocompile"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/protobody"
)

// parseProto reads what --proto names: a set of descriptors, or a source, whose imports
// are looked for beside it, in the folders above, and in the working directory.
func parseProto(path string) (*protobody.Schema, error) {
	if strings.HasSuffix(path, ".proto") {
		return compileProto(path)
	}
	set, err := os.ReadFile(path)
	if err != nil {
		return nil, cause(err)
	}
	schema, err := protobody.Parse(set)
	if err == nil && schema == nil {
		err = errors.New("it is empty")
	}
	return schema, err
}

func compileProto(path string) (*protobody.Schema, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	// A file imports others by their paths from a folder above it, which is not known:
	// the outermost from which all are found is none of the file system's root.
	var failed error // of the root from which most is found
	for _, root := range rootsOf(abs) {
		name, err := filepath.Rel(root, abs)
		if err != nil {
			continue
		}
		compiler := protocompile.Compiler{Resolver: protocompile.WithStandardImports(&protocompile.SourceResolver{ImportPaths: []string{root}})}
		files, err := compiler.Compile(context.Background(), filepath.ToSlash(name))
		if err == nil {
			return protobody.Of(withImports(files[0]))
		}
		if failed == nil || errors.Is(failed, fs.ErrNotExist) {
			failed = err
		}
	}
	return nil, failed
}

// rootsOf returns the folders that a file may be imported from: its own, and those
// above up to the working directory.
func rootsOf(path string) (roots []string) {
	here, _ := filepath.Abs(".")
	for dir := filepath.Dir(path); ; dir = filepath.Dir(dir) {
		roots = append(roots, dir)
		if rel, err := filepath.Rel(here, dir); err != nil || rel == "." || strings.HasPrefix(rel, "..") {
			break
		}
	}
	return roots
}

// withImports returns a file and all that it imports.
func withImports(f protoreflect.FileDescriptor) []*descriptorpb.FileDescriptorProto {
	var all []*descriptorpb.FileDescriptorProto
	seen := map[string]bool{}
	var add func(protoreflect.FileDescriptor)
	add = func(f protoreflect.FileDescriptor) {
		if f.IsPlaceholder() || seen[f.Path()] {
			return
		}
		seen[f.Path()] = true
		for i := range f.Imports().Len() {
			add(f.Imports().Get(i))
		}
		all = append(all, protodesc.ToFileDescriptorProto(f))
	}
	add(f)
	return all
}

// learn adds to what the rules of a store know of messages.
func learn(ctx context.Context, s store, schema *protobody.Schema) (was, is fixtures.View, err error) {
	if was, err = s.View(ctx); err != nil {
		return was, is, err
	}
	rules := *was.Rules
	if rules.Proto = rules.Proto.With(schema); rules.Proto.Equal(was.Rules.Proto) {
		return was, was, nil
	}
	if err = s.SetRules(ctx, rules); err != nil {
		return was, is, fmt.Errorf("keep what the messages are: %w", err)
	}
	is, err = s.View(ctx)
	return was, is, err
}
