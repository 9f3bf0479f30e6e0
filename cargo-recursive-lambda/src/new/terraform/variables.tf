# Upload -> bucket -> topic -> queue -> function. The function keeps its checkpoints in a separate bucket.

terraform {
  required_version = ">= 1.5"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.0"
    }
  }
}

variable "name" {
  type        = string
  default     = "{{name}}"
  description = "What the names of the resources begin with."
}

variable "timeout" {
  type        = number
  default     = 900
  description = "Seconds that one invocation may take. The queue's visibility time-out is six times the maximum, as AWS recommends."

  validation {
    condition     = var.timeout >= 40 && var.timeout <= 1800
    error_message = "Write 40 to 1800 seconds."
  }
}

variable "alarm_topic" {
  type        = string
  default     = ""
  description = "ARN of the SNS topic to notify of alarms. Without it, alarms only appear in CloudWatch."
}

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.region
  function  = "${var.name}-import"
  # Fixed names, so that policies can refer to what does not exist yet.
  uploads_name = "${var.name}-uploads-${local.account}"
  uploads_arn  = "arn:${local.partition}:s3:::${local.uploads_name}"
  function_arn = "arn:${local.partition}:lambda:${local.region}:${local.account}:function:${local.function}"
  alarms_go_to = var.alarm_topic == "" ? [] : [var.alarm_topic]
}

output "uploads_bucket" {
  value = aws_s3_bucket.uploads.bucket
}

output "state_bucket" {
  value = aws_s3_bucket.state.bucket
}

output "failed_signals_queue" {
  value = aws_sqs_queue.failed_signals.url
}
