package main

import (
	"maps"
	"slices"
	"strings"

	"example.com/cannery/fixtures/spelling"
)

// unknownVariables says of each variable that looks like one of ours and is none
// what was most likely meant. In the process those that begin with CANNERY_ do,
// in .env, which is ours, also those that are nearly a Redis variable. Values
// are not told: they may be secret.
func (f *flags) unknownVariables(env environment) (found []string) {
	var known []string
	for _, s := range f.table {
		known = append(known, s.variables()...)
	}
	slices.Sort(known)
	for _, name := range slices.Sorted(slices.Values(env.names)) {
		if ours(name) && !slices.Contains(known, name) && env.get(name) != "" {
			found = append(found, name+f.notRead(name, known))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(env.file)) {
		switch meant := nearRedis(name); {
		case slices.Contains(known, name):
		case ours(name):
			found = append(found, name+" in "+dotenvName+f.notRead(name, known))
		case meant != "" && env.file[meant] == "":
			found = append(found, name+" in "+dotenvName+notSetting(meant))
		}
	}
	return found
}

// ours reports whether a variable should be a setting. CANNERY_URL is what run
// tells its command, and so are CANNERY_URL_NAME and CANNERY_CA.
func ours(name string) bool {
	return strings.HasPrefix(name, "CANNERY_") && name != urlVariable && !strings.HasPrefix(name, urlVariable+"_") && name != caVariable
}

// notRead says why a variable with our prefix changes nothing.
func (f *flags) notRead(name string, known []string) string {
	flag := strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(name, "CANNERY_")), "_", "-")
	if f.table[flag].once {
		return " is not read: give --" + flag + " on the command line"
	}
	return notSetting(spelling.Nearest(name, known))
}

// notSetting suggests another name, "" for none.
func notSetting(meant string) string {
	if meant == "" {
		return " is not a setting"
	}
	return " is not a setting; did you mean " + meant + "?"
}

// redisWords are what others call the ends of our Redis variables.
var redisWords = map[string]string{
	"HOSTNAME": envHost, "SERVER": envHost, "ADDR": envHost, "ADDRESS": envHost, "USER": envUsername, "DATABASE": envDB,
	"PASS": envPasswordToo, "PASSWD": envPasswordToo, "PWD": envPasswordToo, "AUTH": envPasswordToo,
	"SSL": "REDIS_TLS", "CACERT": "REDIS_CA", "CAFILE": "REDIS_CA", "CERTFILE": "REDIS_CERT", "KEYFILE": "REDIS_KEY",
}

// nearRedis returns the Redis variable that a name was most likely meant to be,
// "" when it is one or is not near to any.
func nearRedis(name string) string {
	variables := []string{envURL, envHost, envPort, envPassword, envPasswordToo, envUsername, envDB, envSentinelUsername, envSentinelPassword}
	if slices.Contains(variables, name) {
		return ""
	}
	spelled := strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
	end, found := strings.CutPrefix(spelled, "REDIS")
	if !found {
		return spelling.Nearest(spelled, variables)
	}
	// The prefix alone makes short names alike that are not: REDIS_TTL is no
	// misspelled REDIS_URL.
	end = strings.ReplaceAll(end, "_", "")
	for _, v := range variables {
		if _, near := spelling.Edits(end, strings.TrimPrefix(v, "REDIS_")); near {
			return v
		}
	}
	return redisWords[end]
}
