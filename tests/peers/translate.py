"""Translates a template of AWS SAM into one of CloudFormation, by AWS's own translator, and prints it.

Standard input: {"template": path}. Standard output: the template as JSON.
"""

import json
import sys

from samcli.yamlhelper import yaml_parse
from samtranslator.translator.transform import transform


class NoManagedPolicies:
    def load(self):
        return {}


def with_uploaded_program(template):
    """The translator wants the program in a bucket, where `sam package` puts it."""
    template["Resources"]["Import"]["Properties"]["CodeUri"] = "s3://programs/bootstrap.zip"
    return template


def translated(path, prepare=with_uploaded_program):
    with open(path) as file:
        template = json.loads(json.dumps(yaml_parse(file.read())))
    return transform(prepare(template), {}, NoManagedPolicies())


if __name__ == "__main__":
    json.dump(translated(json.load(sys.stdin)["template"]), sys.stdout)
