package iam

import "strings"

// Account is the account in an ARN, Region the region, Service what it is of; ""
// where it has none.
func Account(arn string) string { return Part(arn, 4) }
func Region(arn string) string  { return Part(arn, 3) }
func Service(arn string) string { return Part(arn, 2) }

// Part is one of the six parts of an ARN, counted from 0; "" of what is no ARN.
func Part(arn string, i int) string {
	if parts := strings.SplitN(arn, ":", 6); len(parts) == 6 {
		return parts[i]
	}
	return ""
}
