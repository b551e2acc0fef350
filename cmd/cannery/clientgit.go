package main

import (
	"fmt"
	"strconv"
	"strings"
)

// tellGit has the proxy count more than a http.proxy in the user's .gitconfig, which
// counts more than HTTPS_PROXY: among the settings that git reads from the environment.
func (s clientSetup) tellGit(told map[string]string) error {
	if s.proxy == "" {
		return nil
	}
	count, _ := strconv.Atoi(s.env.get("GIT_CONFIG_COUNT"))
	at := 0
	for at < count && !strings.EqualFold(s.env.get(fmt.Sprintf("GIT_CONFIG_KEY_%d", at)), "http.proxy") {
		at++
	}
	told[fmt.Sprintf("GIT_CONFIG_KEY_%d", at)] = "http.proxy"
	told[fmt.Sprintf("GIT_CONFIG_VALUE_%d", at)] = s.proxy
	told["GIT_CONFIG_COUNT"] = strconv.Itoa(max(count, at+1))
	return nil
}
