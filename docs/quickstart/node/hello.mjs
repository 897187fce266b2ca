import grpc from '@grpc/grpc-js';
import loader from '@grpc/proto-loader';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';

const protos = fileURLToPath(new URL('../../../proto', import.meta.url));
const files = ['schema', 'relationship', 'permission'].map((name) => `mandate/v1/${name}_service.proto`);
const {mandate} = grpc.loadPackageDefinition(loader.loadSync(files, {includeDirs: [protos], enums: String}));

const server = process.argv[2];
const connect = (Service) => {
  const stub = new Service(server, grpc.credentials.createInsecure());
  return (method, request) => promisify(stub[method].bind(stub))(request, {deadline: Date.now() + 5000});
};
const schema = connect(mandate.v1.SchemaService);
const relationships = connect(mandate.v1.RelationshipService);
const permissions = connect(mandate.v1.PermissionService);

await schema('WriteSchema', {
  schema: `
    definition user {}
    definition document {
      relation viewer: user
      permission view = viewer
    }`,
});

const plan = {type: 'document', id: 'plan'};
const alice = {type: 'user', id: 'alice'};
const bob = {type: 'user', id: 'bob'};
const {writtenAt} = await relationships('Write', {
  updates: [{operation: 'OPERATION_TOUCH', relationship: {resource: plan, relation: 'viewer', subject: alice}}],
});

for (const subject of [alice, bob]) {
  const {result} = await permissions('Check', {
    consistency: {atLeastAsFresh: writtenAt},
    item: {resource: plan, permission: 'view', subject},
  });
  const allowed = result.decision === 'DECISION_ALLOWED';
  console.log(`user:${subject.id} ${allowed ? 'may' : 'may not'} view document:plan`);
}
