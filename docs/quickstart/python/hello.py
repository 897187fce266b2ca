import sys

import grpc

from mandate.v1 import core_pb2, permission_service_pb2, permission_service_pb2_grpc
from mandate.v1 import relationship_service_pb2, relationship_service_pb2_grpc
from mandate.v1 import schema_service_pb2, schema_service_pb2_grpc

SCHEMA = """
definition user {}
definition document {
  relation viewer: user
  permission view = viewer
}
"""

channel = grpc.insecure_channel(sys.argv[1])
schema = schema_service_pb2_grpc.SchemaServiceStub(channel)
relationships = relationship_service_pb2_grpc.RelationshipServiceStub(channel)
permissions = permission_service_pb2_grpc.PermissionServiceStub(channel)

schema.WriteSchema(schema_service_pb2.WriteSchemaRequest(schema=SCHEMA), timeout=5)

plan = core_pb2.ObjectReference(type="document", id="plan")
alice = core_pb2.SubjectReference(type="user", id="alice")
bob = core_pb2.SubjectReference(type="user", id="bob")
written = relationships.Write(
    relationship_service_pb2.WriteRequest(
        updates=[
            relationship_service_pb2.RelationshipUpdate(
                operation=relationship_service_pb2.RelationshipUpdate.OPERATION_TOUCH,
                relationship=core_pb2.Relationship(resource=plan, relation="viewer", subject=alice),
            )
        ]
    ),
    timeout=5,
)

for subject in (alice, bob):
    answer = permissions.Check(
        permission_service_pb2.CheckRequest(
            consistency=core_pb2.Consistency(at_least_as_fresh=written.written_at),
            item=permission_service_pb2.CheckItem(resource=plan, permission="view", subject=subject),
        ),
        timeout=1,
    )
    allowed = answer.result.decision == permission_service_pb2.DECISION_ALLOWED
    print(f"user:{subject.id} {'may' if allowed else 'may not'} view document:plan")
