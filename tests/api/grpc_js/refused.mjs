// Make calls that are refused, and tell what can be read of each refusal: one JSON value a line.
// node refused.mjs ADDRESS TOKEN PROTOS < [{reason, language, request}], `request` in base64.
import { readFileSync } from "node:fs";
import grpc from "@grpc/grpc-js";
import protobuf from "protobufjs";

const [address, token, protos] = process.argv.slice(2);
const DEADLINE_MS = 20_000;
const METHOD = "/muster.v1.IncidentService/GetIncident";

const root = new protobuf.Root();
root.resolvePath = (_, file) => `${protos}/${file}`;
root.loadSync(["google/rpc/status.proto", "google/rpc/error_details.proto"]);
const decoded = (name, bytes) => root.lookupType(name).decode(bytes);

const client = new grpc.Client(address, grpc.credentials.createInsecure());
const same = (bytes) => bytes;

const call = ({ reason, language, request }) =>
  new Promise((answer) => {
    const metadata = new grpc.Metadata();
    metadata.set("authorization", `Bearer ${token}`);
    metadata.set("accept-language", language);
    const deadline = new Date(Date.now() + DEADLINE_MS);
    const bytes = Buffer.from(request, "base64");
    client.makeUnaryRequest(METHOD, same, same, bytes, metadata, { deadline }, (error) => {
      const found = { reason, language, code: error?.code };
      const [raw] = error?.metadata.get("grpc-status-details-bin") ?? [];
      for (const one of raw ? decoded("google.rpc.Status", raw).details : []) {
        const name = one.type_url.split("/").at(-1);
        found[name.split(".").at(-1)] = decoded(name, one.value).toJSON();
      }
      answer(found);
    });
  });

for (const one of JSON.parse(readFileSync(0, "utf8"))) {
  process.stdout.write(`${JSON.stringify(await call(one))}\n`);
}
client.close();
