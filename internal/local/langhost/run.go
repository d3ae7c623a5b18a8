package langhost

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"syscall"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/constant"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// patience is how long a program may take to end after it was told to.
const patience = 5 * time.Second

// Run runs the program and reports how it ended. An error that the program has
// already told the engine is not told twice.
func (h *Host) Run(ctx context.Context, req *pulumirpc.RunRequest) (*pulumirpc.RunResponse, error) {
	address := h.engineAddress()
	if address == "" {
		return nil, errors.New("run the program: the engine has not shaken hands")
	}
	path, err := h.options.Program(ctx, req.GetInfo())
	if err != nil {
		return nil, err
	}
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return nil, fmt.Errorf("reach the engine: %w", err)
	}
	defer conn.Close()
	env, err := runEnv(h.options.Env, req, address)
	if err != nil {
		return nil, err
	}
	cmd := program(ctx, path, req, env)
	return respond(runLogged(cmd, pulumirpc.NewEngineClient(conn)))
}

// program is the command in a process group of its own: a terminal's Ctrl-C is
// for the CLI, which ends the program by closing its monitor.
func program(ctx context.Context, path string, req *pulumirpc.RunRequest, env []string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, path, req.GetArgs()...)
	cmd.Dir = req.GetPwd()
	cmd.Env = env
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = patience
	return cmd
}

// runLogged runs the command and sends what it writes to the engine, line by line.
func runLogged(cmd *exec.Cmd, engine pulumirpc.EngineClient) error {
	out, errs := newLines(engine, stdoutStream), newLines(engine, stderrStream)
	cmd.Stdout, cmd.Stderr = out, errs
	err := cmd.Run()
	for _, l := range []io.Closer{out, errs} {
		// The engine may be gone, and with it whoever would read the last line.
		_ = l.Close()
	}
	return err
}

// respond turns the end of the program into an answer.
func respond(err error) (*pulumirpc.RunResponse, error) {
	exit := &exec.ExitError{}
	switch {
	case err == nil:
		return &pulumirpc.RunResponse{}, nil
	case !errors.As(err, &exit):
		return &pulumirpc.RunResponse{Error: fmt.Sprintf("run the program: %v", err)}, nil
	case exit.ExitCode() == constant.ExitStatusLoggedError:
		return &pulumirpc.RunResponse{Bail: true}, nil
	case exit.ExitCode() < 0:
		return &pulumirpc.RunResponse{Error: "program ended by " + exit.String()}, nil
	default:
		return &pulumirpc.RunResponse{
			Error: fmt.Sprintf("program exited with non-zero exit code: %d", exit.ExitCode()),
		}, nil
	}
}

// runEnv adds what the Go SDK reads (pulumi.Run) to the environment.
func runEnv(base []string, req *pulumirpc.RunRequest, engine string) ([]string, error) {
	config, err := json.Marshal(req.GetConfig())
	if err != nil {
		return nil, fmt.Errorf("encode the configuration: %w", err)
	}
	// Without these keys a nested secret reaches the program unmarked.
	secrets, err := json.Marshal(req.GetConfigSecretKeys())
	if err != nil {
		return nil, fmt.Errorf("encode the secret keys: %w", err)
	}
	return withEnv(base,
		"PULUMI_ORGANIZATION="+req.GetOrganization(),
		"PULUMI_PROJECT="+req.GetProject(),
		"PULUMI_STACK="+req.GetStack(),
		"PULUMI_ROOT_DIRECTORY="+req.GetInfo().GetRootDirectory(),
		"PULUMI_CONFIG="+string(config),
		"PULUMI_CONFIG_SECRET_KEYS="+string(secrets),
		fmt.Sprintf("PULUMI_DRY_RUN=%t", req.GetDryRun()),
		fmt.Sprintf("PULUMI_PARALLEL=%d", req.GetParallel()),
		"PULUMI_MONITOR="+req.GetMonitorAddress(),
		"PULUMI_ENGINE="+engine,
	), nil
}
