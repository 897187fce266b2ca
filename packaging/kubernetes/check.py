# check.py MANIFEST SECRETS: fails unless the manifest has what it promises, and its parts name each other.
import sys

import yaml


def expect(holds, what):
    if not holds:
        sys.exit(f"error: {sys.argv[1]}: {what}")


documents = {each["kind"]: each for each in yaml.safe_load_all(open(sys.argv[1]))}
secrets = {each["metadata"]["name"] for each in yaml.safe_load_all(open(sys.argv[2]))}
expect(set(documents) == {"Service", "StatefulSet", "NetworkPolicy"}, f"it has {sorted(documents)}")

stateful = documents["StatefulSet"]["spec"]
expect(stateful["replicas"] == 1, "a database has one writer")
labels = stateful["template"]["metadata"]["labels"]
for selector in (stateful["selector"]["matchLabels"], documents["Service"]["spec"]["selector"],
                 documents["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"]):
    expect(selector.items() <= labels.items(), f"{selector} selects nothing")

pod = stateful["template"]["spec"]
(container,) = pod["containers"]
expect(pod["securityContext"]["runAsNonRoot"] is True, "it runs as root")
expect(pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, "it has no seccomp profile")
inner = container["securityContext"]
expect(inner["readOnlyRootFilesystem"] is True, "its root file system is writable")
expect(inner["allowPrivilegeEscalation"] is False, "it may gain privileges")
expect(inner["capabilities"] == {"drop": ["ALL"]}, "it has capabilities")
expect({"requests", "limits"} <= set(container["resources"]), "it has no resources")
expect(pod["terminationGracePeriodSeconds"] > 10, "calls under way have 10 s to finish")

ports = {each["name"] for each in container["ports"]}
for probe, path in (("startupProbe", "/healthz"), ("livenessProbe", "/healthz"), ("readinessProbe", "/readyz")):
    get = container[probe]["httpGet"]
    expect(get["path"] == path and get["port"] in ports and get["scheme"] == "HTTPS", f"{probe} asks elsewhere")
used = {each["targetPort"] for each in documents["Service"]["spec"]["ports"]}
used |= {each["port"] for rule in documents["NetworkPolicy"]["spec"]["ingress"] for each in rule["ports"]}
expect(used == ports, f"{used} and {ports} differ")

claims = {each["metadata"]["name"] for each in stateful["volumeClaimTemplates"]}
volumes = {each["name"]: each for each in pod["volumes"]}
mounts = {each["name"]: each["mountPath"] for each in container["volumeMounts"]}
expect(set(mounts) == claims | set(volumes), "a volume is not mounted, or a mount has none")
expect({each["secret"]["secretName"] for each in volumes.values()} == secrets, f"its Secrets are not {sorted(secrets)}")
# Each file that an option names lies on a volume.
for argument in container["args"]:
    file = argument.partition("=")[2]
    if file.startswith("/"):
        expect(any(file.startswith(mount + "/") for mount in mounts.values()), f"`{argument}` lies on no volume")
