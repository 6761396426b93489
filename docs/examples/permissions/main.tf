# A log group, and a role that may send records to it with Logspire and nothing else.

terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 4.0"
    }
  }
}

variable "log_group_name" {
  type    = string
  default = "my-app"
}

variable "retention_in_days" {
  type    = number
  default = 30
}

variable "service" {
  type        = string
  default     = "ecs-tasks.amazonaws.com"
  description = "Who takes the role, such as ec2.amazonaws.com or lambda.amazonaws.com."
}

resource "aws_cloudwatch_log_group" "logs" {
  name              = var.log_group_name
  retention_in_days = var.retention_in_days
}

data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = [var.service]
    }
  }
}

data "aws_iam_policy_document" "logs" {
  statement {
    sid       = "LogStreams"
    actions   = ["logs:PutLogEvents", "logs:CreateLogStream"]
    resources = ["${aws_cloudwatch_log_group.logs.arn}:log-stream:*"]
  }
}

resource "aws_iam_role" "logs" {
  name_prefix        = "logspire-"
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

resource "aws_iam_role_policy" "logs" {
  name   = "logspire"
  role   = aws_iam_role.logs.id
  policy = data.aws_iam_policy_document.logs.json
}

output "role_arn" {
  value = aws_iam_role.logs.arn
}
