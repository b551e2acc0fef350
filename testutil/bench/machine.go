package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
)

// A machine is where something was measured.
type machine struct {
	CPU    string `json:"cpu"`
	Cores  int    `json:"cores"`
	Kernel string `json:"kernel"`
	Go     string `json:"go"`
	Redis  string `json:"redis"` // "" when there is none
}

func thisMachine(ctx context.Context) machine {
	cpuinfo, _ := os.ReadFile("/proc/cpuinfo")                                   // not everywhere
	release, _ := os.ReadFile("/proc/sys/kernel/osrelease")                      // not everywhere
	version, _ := exec.CommandContext(ctx, "redis-server", "--version").Output() // whoever needs it fails
	return machine{
		CPU:    processor(string(cpuinfo)),
		Cores:  runtime.NumCPU(),
		Kernel: strings.TrimSpace(runtime.GOOS + "/" + runtime.GOARCH + " " + string(release)),
		Go:     runtime.Version(),
		Redis:  redisVersion(string(version)),
	}
}

// processor finds the processor's name in what /proc/cpuinfo says.
func processor(cpuinfo string) string {
	for line := range strings.Lines(cpuinfo) {
		if field, value, found := strings.Cut(line, ":"); found && strings.TrimSpace(field) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown processor"
}

// redisVersion finds the version in what redis-server --version prints.
func redisVersion(line string) string {
	for field := range strings.FieldsSeq(line) {
		if version, found := strings.CutPrefix(field, "v="); found {
			return version
		}
	}
	return ""
}

func (m machine) String() string {
	return fmt.Sprintf("%d x %s, %s, %s, Redis %s", m.Cores, m.CPU, m.Kernel, m.Go, m.Redis)
}
