// Package alarms works out what the alarms of both emulated clouds would show, and
// whom they would tell: the state that [All] gives follows from the objects that
// there are, as both clouds' services would measure them. Both clouds accept
// alarms that never can work, and keep silent about it; here they are Broken.
//
// Neither packets nor log lines are emulated; what counts them is 0, and a state is
// that of a world that has stood still for as long as the alarm looks back. Metric
// math, the rules of composite alarms and learned thresholds are not worked out:
// such an alarm has INSUFFICIENT_DATA, and whom it tells is checked all the same.
//
// Sources: the LOG rules of package rules, the CloudWatch chapters of
// the AWS user guides, the Azure Monitor references of each service.
package alarms
