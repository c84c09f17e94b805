// Google's in-memory Pub/Sub server as a process. What it has accepted also stands in a journal, from which it is made
// again at the next start, so that it can be killed as a server with a disk can.
package main

import (
	"context"
	"encoding/binary"
	"flag"
	"io"
	"log"
	"net"
	"os"
	"sync"

	pb "cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"cloud.google.com/go/pubsub/v2/pstest"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
)

// What the service takes in one request.
const maxRequest = 10 << 20

func main() {
	listen := flag.String("listen", "127.0.0.1:8085", "address")
	path := flag.String("journal", "", "file")
	flag.Parse()
	// Serves nobody on its own port: clients come to ours, once the journal is read.
	fake := pstest.NewServerWithAddress("127.0.0.1:0")
	journal, err := os.OpenFile(*path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		log.Fatal(err)
	}
	replay(journal, &fake.GServer)

	var order sync.Mutex
	keep := func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
		kind := kindOf(req)
		if kind == 0 {
			return handle(ctx, req)
		}
		order.Lock()
		defer order.Unlock()
		body, err := proto.Marshal(req.(proto.Message))
		if err != nil {
			return nil, err
		}
		answer, err := handle(ctx, req)
		if err == nil {
			head := binary.BigEndian.AppendUint32([]byte{kind}, uint32(len(body)))
			_, err = journal.Write(append(head, body...))
		}
		return answer, err
	}
	server := grpc.NewServer(grpc.UnaryInterceptor(keep), grpc.MaxRecvMsgSize(maxRequest))
	pb.RegisterPublisherServer(server, &fake.GServer)
	pb.RegisterSubscriberServer(server, &fake.GServer)
	socket, err := net.Listen("tcp", *listen)
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(server.Serve(socket))
}

func kindOf(req any) byte {
	switch req.(type) {
	case *pb.Topic:
		return 'T'
	case *pb.DeleteTopicRequest:
		return 'D'
	case *pb.Subscription:
		return 'S'
	case *pb.PublishRequest:
		return 'P'
	}
	return 0
}

func replay(journal *os.File, server *pstest.GServer) {
	ctx := context.Background()
	head := make([]byte, 5)
	var whole int64
	for {
		if _, err := io.ReadFull(journal, head); err != nil {
			break
		}
		body := make([]byte, binary.BigEndian.Uint32(head[1:]))
		if _, err := io.ReadFull(journal, body); err != nil {
			break
		}
		whole += int64(len(head) + len(body))
		var err error
		switch head[0] {
		case 'T':
			_, err = server.CreateTopic(ctx, decode(body, &pb.Topic{}))
		case 'D':
			_, err = server.DeleteTopic(ctx, decode(body, &pb.DeleteTopicRequest{}))
		case 'S':
			_, err = server.CreateSubscription(ctx, decode(body, &pb.Subscription{}))
		case 'P':
			_, err = server.Publish(ctx, decode(body, &pb.PublishRequest{}))
		}
		if err != nil {
			log.Fatal("journal: ", err)
		}
	}
	// The last entry may be cut off where the process was killed; nobody was answered for it.
	if err := journal.Truncate(whole); err != nil {
		log.Fatal(err)
	}
	if _, err := journal.Seek(whole, io.SeekStart); err != nil {
		log.Fatal(err)
	}
}

func decode[M proto.Message](body []byte, message M) M {
	if err := proto.Unmarshal(body, message); err != nil {
		log.Fatal("journal: ", err)
	}
	return message
}
