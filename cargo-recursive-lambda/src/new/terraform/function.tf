# The function, what starts it, and where it keeps its checkpoints.

resource "aws_lambda_function" "import" {
  function_name = local.function
  # Built by `cargo lambda build`.
  filename         = "${path.module}/../target/lambda/{{name}}/bootstrap.zip"
  source_code_hash = filebase64sha256("${path.module}/../target/lambda/{{name}}/bootstrap.zip")
  handler          = "bootstrap"
  runtime          = "provided.al2023"
  architectures    = ["arm64"]
  memory_size      = 256
  timeout          = var.timeout
  role             = aws_iam_role.import_role.arn

  environment {
    variables = {
      RECURSIVE_LAMBDA_STATE = "s3://${aws_s3_bucket.state.bucket}/runs"
      # The second one is for skipped records that are processed again.
      RECURSIVE_LAMBDA_BUCKETS = "${local.uploads_name},${aws_s3_bucket.state.bucket}"
    }
  }

  logging_config {
    log_format = "JSON"
    log_group  = aws_cloudwatch_log_group.log.name
  }
}

# Lambda would stop the run after about 16 invocations. The framework has its own safeguards.
resource "aws_lambda_function_recursion_config" "import" {
  function_name  = aws_lambda_function.import.function_name
  recursive_loop = "Allow"
}

resource "aws_lambda_function_event_invoke_config" "import" {
  function_name                = aws_lambda_function.import.function_name
  maximum_retry_attempts       = 2
  maximum_event_age_in_seconds = 21600

  destination_config {
    on_failure {
      destination = aws_sqs_queue.failed_signals.arn
    }
  }
}

resource "aws_lambda_event_source_mapping" "import_queue" {
  function_name           = aws_lambda_function.import.function_name
  event_source_arn        = aws_sqs_queue.queue.arn
  batch_size              = 10
  function_response_types = ["ReportBatchItemFailures"]
}

# Sends a new signal to runs whose signal was lost. Logs runs that failed or are stuck.
resource "aws_cloudwatch_event_rule" "import_sweep" {
  name                = "${var.name}-sweep"
  schedule_expression = "rate(15 minutes)"
}

resource "aws_cloudwatch_event_target" "import_sweep" {
  rule  = aws_cloudwatch_event_rule.import_sweep.name
  arn   = aws_lambda_function.import.arn
  input = "{\"recursive_lambda_sweep\":{\"v\":1}}"
}

resource "aws_lambda_permission" "import_sweep" {
  function_name = aws_lambda_function.import.function_name
  action        = "lambda:InvokeFunction"
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.import_sweep.arn
}

# Events that Lambda gave up after its retries. Send a message to the function unchanged, and its run continues.
resource "aws_sqs_queue" "failed_signals" {
  name                      = "${var.name}-failed-signals"
  message_retention_seconds = 1209600
}

resource "aws_s3_bucket" "state" {
  bucket_prefix = "${var.name}-state-"

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_s3_bucket_public_access_block" "state" {
  bucket                  = aws_s3_bucket.state.bucket
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_lifecycle_configuration" "state" {
  bucket = aws_s3_bucket.state.bucket

  # A late duplicate of an event must still find the checkpoint. No event is older than this.
  rule {
    id     = "forget-old-runs"
    status = "Enabled"

    filter {}

    expiration {
      days = 30
    }
  }
}

resource "aws_iam_role" "import_role" {
  name_prefix        = "${var.name}-"
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

data "aws_iam_policy_document" "assume" {
  statement {
    effect  = "Allow"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

resource "aws_iam_role_policy" "import_role" {
  name   = "import"
  role   = aws_iam_role.import_role.name
  policy = data.aws_iam_policy_document.import.json
}

data "aws_iam_policy_document" "import" {
  statement {
    sid       = "ReadUploads"
    effect    = "Allow"
    actions   = ["s3:GetObject", "s3:GetObjectVersion"]
    resources = ["${local.uploads_arn}/*"]
  }

  statement {
    sid       = "RecordRuns"
    effect    = "Allow"
    actions   = ["s3:GetObject", "s3:PutObject"]
    resources = ["${aws_s3_bucket.state.arn}/runs/*"]
  }

  # The sweep lists the state bucket. Both buckets are here because S3 reports a missing object as missing, and not as forbidden, only
  # to callers that may list the bucket.
  statement {
    sid       = "List"
    effect    = "Allow"
    actions   = ["s3:ListBucket"]
    resources = [aws_s3_bucket.state.arn, local.uploads_arn]
  }

  # The ARN is written out: a reference to the function would create a circular dependency between the function and its role.
  statement {
    sid       = "InvokeItself"
    effect    = "Allow"
    actions   = ["lambda:InvokeFunction"]
    resources = [local.function_arn]
  }

  statement {
    sid       = "TakeMessages"
    effect    = "Allow"
    actions   = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
    resources = [aws_sqs_queue.queue.arn]
  }

  statement {
    sid       = "KeepFailedSignals"
    effect    = "Allow"
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.failed_signals.arn]
  }

  statement {
    sid       = "Log"
    effect    = "Allow"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["arn:${local.partition}:logs:${local.region}:${local.account}:log-group:/aws/lambda/${local.function}:*"]
  }
}
