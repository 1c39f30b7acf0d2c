package cluster

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/remotecommand"
)

// remoteTcpdump is where ksniff puts its tcpdump.
const remoteTcpdump = "/tmp/static-tcpdump"

// Ksniff does what ksniff's upload does, in a process of its own as that is:
// it looks at the pod, asks by an exec of ls whether a tcpdump is there, sends
// one by tar through a second exec, looks again by a third, and runs it as
// `tcpdump -i any -U -w -` by a fourth, all over SPDY. It is no ksniff: that
// cannot be had as a module.
func Ksniff(ctx context.Context, kubeconfig, namespace, name, tcpdump, output string) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	p, err := client.CoreV1().Pods(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	if p.Status.Phase != corev1.PodRunning {
		return fmt.Errorf("pod %s is %s", name, p.Status.Phase)
	}
	run := func(in io.Reader, out io.Writer, argv ...string) error {
		return execute(ctx, config, client, namespace, name, in, out, argv)
	}
	look := []string{"/bin/sh", "-c", "ls -alt " + remoteTcpdump}
	if run(nil, io.Discard, look...) == nil {
		return errors.New("a tcpdump is there already")
	}
	archive, err := archived(tcpdump)
	if err != nil {
		return err
	}
	if err := run(archive, io.Discard, "tar", "-xf", "-", "-C", "/tmp"); err != nil {
		return err
	}
	if err := run(nil, io.Discard, look...); err != nil {
		return err
	}
	f, err := os.Create(output)
	if err != nil {
		return err
	}
	return errors.Join(run(nil, f, remoteTcpdump, "-i", "any", "-U", "-w", "-", floodFilter), f.Close())
}

func archived(program string) (io.Reader, error) {
	b, err := os.ReadFile(program)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	err = w.WriteHeader(&tar.Header{Name: "static-tcpdump", Mode: 0o755, Size: int64(len(b)), Typeflag: tar.TypeReg})
	if err == nil {
		_, err = w.Write(b)
	}
	return &out, errors.Join(err, w.Close())
}

// execute runs a program in a pod over SPDY.
func execute(ctx context.Context, config *rest.Config, client kubernetes.Interface, namespace, pod string, in io.Reader, out io.Writer, argv []string) error {
	u := client.CoreV1().RESTClient().Post().Resource("pods").Namespace(namespace).Name(pod).SubResource("exec").
		VersionedParams(&corev1.PodExecOptions{Command: argv, Stdin: in != nil, Stdout: true, Stderr: true}, scheme.ParameterCodec).URL()
	x, err := remotecommand.NewSPDYExecutor(config, "POST", u)
	if err != nil {
		return err
	}
	var talk bytes.Buffer
	err = x.StreamWithContext(ctx, remotecommand.StreamOptions{Stdin: in, Stdout: out, Stderr: &talk})
	if err != nil {
		err = fmt.Errorf("%q: %w: %s", argv[0], err, talk.Bytes())
	}
	return err
}
