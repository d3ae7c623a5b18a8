package inventory

import "regexp"

// Canonical is the token without its API version: what clouds here call the type,
// whichever version of it a program uses.
func Canonical(token string) string { return versionInToken.ReplaceAllString(token, "") }

// versionInToken is the version of azure-native:network/v20230201:VirtualNetwork.
// Kubernetes versions (core/v1) are part of the type and stay.
var versionInToken = regexp.MustCompile(`/v\d{8}(preview|privatepreview)?\b`)
