// etcd as a package of the same module graph as the kube-apiserver, so that one build serves both.
package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() { etcdmain.Main(os.Args) }
