package main

// The engine's packages are compiled with this test, and so before its time runs.
// The first test that needs the engine builds it; on one busy core, compiling all of
// it takes longer than Go lets a package run. TestEngineIsCompiledBefore says when an
// import is missing.
import (
	_ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi/about"
	_ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi/ai"
	_ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi/auth"
	_ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi/backend"
	_ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi/cancel"
	_ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi/cmd"
	_ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi/completion"
	_ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi/config"
	_ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi/console"
	_ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi/convert"
	_ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi/deployment"
	_ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi/env"
	_ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi/events"
	_ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi/install"
	_ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi/logs"
	_ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi/markdown"
	_ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi/newcmd"
	_ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi/operations"
	_ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi/org"
	_ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi/packagecmd"
	_ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi/plugin"
	_ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi/policy"
	_ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi/project"
	_ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi/schema"
	_ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi/stack"
	_ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi/state"
	_ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi/templatecmd"
	_ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi/trace"
	_ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi/version"
	_ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi/whoami"
)
