// Package iam reads AWS policy documents: whether a policy is one at all, and whether
// it lets somebody do something. Everything in
// them that decides counts: denials, conditions, patterns, NotAction and its
// like.
//
// What is not known decides nothing. A condition on a key that the caller gives
// no fact about denies nobody, and what it narrows counts as allowed; see
// [Document.PermitsSurely] for the other way round. What AWS's managed policies
// say, permission boundaries, session and service control policies are not read.
package iam
