package aws

import (
	"fmt"
	"strings"

	"burrow/internal/emulator"
)

// Tunnels log what IKE says (AWV-29). Changing where modifies the tunnel in
// place, which takes it down for a moment (AWV-28); nothing is refused for that.

const tunnelLogs = "LogOptions.cloudwatchLogOptions."

// tunnelLogRules are the logs of both tunnels.
func tunnelLogRules() []emulator.Rule {
	const spec = "awsdocs/aws-site-to-site-vpn-user-guide monitoring-logs.md (code unverified)"
	rules := []emulator.Rule{
		refuse("LOG-19", "LimitExceeded", emulator.OpWrite, sourceVended+" (code unverified)", func(c *emulator.Call) string {
			_, complaint := delivery(c, loggedGroups(c))
			return complaint
		}),
	}
	for _, t := range tunnels {
		path := t + tunnelLogs + "logGroupArn"
		rules = append(rules,
			provider("AWV-29", path, terraform(sourceConnection), func(c *emulator.Call) string { return badARN(path, c.In.Str(path)) }),
			refuse("AWV-29", "MissingParameter", emulator.OpWrite, spec, func(c *emulator.Call) string {
				if !c.In.Bool(t+tunnelLogs+"logEnabled") || c.In.Has(path) {
					return ""
				}
				return fmt.Sprintf("%s: LogGroupArn is required when CloudWatch logs are enabled.", t)
			}),
			refuse("AWV-29", "InvalidParameterValue", emulator.OpWrite, spec, func(c *emulator.Call) string { return badLogGroup(c, t) }),
		)
	}
	return rules
}

// badARN is the provider's check of an ARN.
func badARN(path, arn string) string {
	switch parts := strings.SplitN(arn, ":", 6); {
	case arn == "":
		return ""
	case parts[0] != "arn":
		return fmt.Sprintf("%q (%s) is an invalid ARN: arn: invalid prefix", path, arn)
	case len(parts) < 6:
		return fmt.Sprintf("%q (%s) is an invalid ARN: arn: not enough sections", path, arn)
	case parts[1] == "" || parts[5] == "":
		return fmt.Sprintf("%q (%s) is an invalid ARN: missing partition or resource value", path, arn)
	}
	return ""
}

// badLogGroup: EC2 wants the ARN of the group alone, of a group that is there in
// the same region. A group that went away under a tunnel is not looked up again.
func badLogGroup(c *emulator.Call, t string) string {
	arn := c.In.Str(t + tunnelLogs + "logGroupArn")
	switch {
	case !c.In.Bool(t + tunnelLogs + "logEnabled"):
	case strings.HasSuffix(arn, ":*"):
		return fmt.Sprintf("Value (%s) for parameter LogGroupArn is invalid: name the log group without its streams.", arn)
	case arn != "" && !strings.HasPrefix(arn, "arn:aws:logs:"):
		return fmt.Sprintf("Value (%s) for parameter LogGroupArn is invalid: it is no log group.", arn)
	case missingGroup(c, arn) && (c.Op == emulator.OpCreate || c.Changed(t+"LogOptions")):
		return fmt.Sprintf("Value (%s) for parameter LogGroupArn is invalid: the log group does not exist in %s.", arn, c.Region())
	}
	return ""
}

// loggedGroups are those that the tunnels write to.
func loggedGroups(c *emulator.Call) []string {
	var groups []string
	for _, t := range tunnels {
		if arn := c.In.Str(t + tunnelLogs + "logGroupArn"); arn != "" && c.In.Bool(t+tunnelLogs+"logEnabled") {
			groups = append(groups, arn)
		}
	}
	return groups
}

// withTunnelLogs lets the delivery of logs in once the connection is accepted.
func withTunnelLogs(fill func(*emulator.Call) error) func(*emulator.Call) error {
	return func(c *emulator.Call) error {
		for _, t := range tunnels {
			if c.In.Bool(t + tunnelLogs + "logEnabled") {
				c.Out.Default(t+tunnelLogs+"logOutputFormat", "json")
			}
		}
		if complaint := deliver(c, loggedGroups(c)); complaint != "" {
			return c.Fault("LimitExceeded", "%s", complaint)
		}
		return fill(c)
	}
}
