package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	v1 "hello/mandate/v1"
)

const schema = `
definition user {}
definition document {
  relation viewer: user
  permission view = viewer
}`

func main() {
	connection, err := grpc.NewClient(os.Args[1], grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		log.Fatal(err)
	}
	defer connection.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()

	if _, err := v1.NewSchemaServiceClient(connection).WriteSchema(ctx, &v1.WriteSchemaRequest{Schema: schema}); err != nil {
		log.Fatal(err)
	}

	plan := &v1.ObjectReference{Type: "document", Id: "plan"}
	alice := &v1.SubjectReference{Type: "user", Id: "alice"}
	bob := &v1.SubjectReference{Type: "user", Id: "bob"}
	written, err := v1.NewRelationshipServiceClient(connection).Write(ctx, &v1.WriteRequest{
		Updates: []*v1.RelationshipUpdate{{
			Operation:    v1.RelationshipUpdate_OPERATION_TOUCH,
			Relationship: &v1.Relationship{Resource: plan, Relation: "viewer", Subject: alice},
		}},
	})
	if err != nil {
		log.Fatal(err)
	}

	permissions := v1.NewPermissionServiceClient(connection)
	for _, subject := range []*v1.SubjectReference{alice, bob} {
		answer, err := permissions.Check(ctx, &v1.CheckRequest{
			Consistency: &v1.Consistency{Requirement: &v1.Consistency_AtLeastAsFresh{AtLeastAsFresh: written.WrittenAt}},
			Item:        &v1.CheckItem{Resource: plan, Permission: "view", Subject: subject},
		})
		if err != nil {
			log.Fatal(err)
		}
		may := "may not"
		if answer.Result.Decision == v1.Decision_DECISION_ALLOWED {
			may = "may"
		}
		fmt.Printf("user:%s %s view document:plan\n", subject.Id, may)
	}
}
