<?php

declare(strict_types=1);

namespace App\Exceptions;

use Exception;

/** Stand-in: what the panel shows as a notice. */
class DisplayException extends Exception
{
}
