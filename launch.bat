@echo off
rem launch.bat         starts the studio; arguments go to app.py, --help lists them
rem launch.bat test    runs the tests; further arguments go to pytest
rem STUDIO_PYTHON names the Python to use, STUDIO_TORCH_INDEX the package index torch comes from.
setlocal EnableExtensions DisableDelayedExpansion
set "ROOT=%~dp0"
set "VENV=%ROOT%.venv"
set "PYTHON=%VENV%\Scripts\python.exe"
set "PYTHONUTF8=1"
set "FITS=import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))"

rem A double click opens a window of its own; it stays open when something went wrong.
set "CLICKED="
echo "%CMDCMDLINE:"=%" | "%SystemRoot%\System32\find.exe" /i "%~nx0" >nul 2>nul && set "CLICKED=1"

if not exist "%PYTHON%" goto find
"%PYTHON%" -c "%FITS%" >nul 2>nul || goto find
"%PYTHON%" -c "import pip" >nul 2>nul || goto find
goto install

:find
if defined STUDIO_PYTHON call :try "%STUDIO_PYTHON%" && goto make
call :try py -3.12 && goto make
call :try py -3.13 && goto make
call :try py -3.11 && goto make
call :try py -3.10 && goto make
call :try python && goto make
call :try python3 && goto make
echo The studio cannot start: it needs Python 3.10, 3.11, 3.12 or 3.13. Install one from https://www.python.org and try again. 1>&2
goto failed

:try
set CHOSEN=%*
%* -c "%FITS%" >nul 2>nul
exit /b %ERRORLEVEL%

:make
if exist "%VENV%" rmdir /s /q "%VENV%"
%CHOSEN% -m venv "%VENV%"
if not "%ERRORLEVEL%"=="0" goto novenv
if exist "%PYTHON%" goto install
:novenv
echo The studio cannot start: the folder "%VENV%" cannot be made. Is the disk full, or the folder read-only? 1>&2
goto failed

:install
if /i "%~1"=="test" goto test
rem A crash ends with a negative status, which "if errorlevel 1" would take for success.
"%PYTHON%" "%ROOT%studio\install.py"
if not "%ERRORLEVEL%"=="0" goto failed
"%PYTHON%" "%ROOT%app.py" %*
if not "%ERRORLEVEL%"=="0" goto failed
exit /b 0

:test
"%PYTHON%" "%ROOT%studio\install.py" dev
if not "%ERRORLEVEL%"=="0" goto failed
set "REST="
:rest
shift
if "%~1"=="" goto run
set REST=%REST% %1
goto rest
:run
pushd "%ROOT%"
"%PYTHON%" -m pytest%REST%
set "CODE=%ERRORLEVEL%"
popd
if "%CODE%"=="0" exit /b 0
if defined CLICKED pause
exit /b %CODE%

:failed
set "CODE=%ERRORLEVEL%"
if "%CODE%"=="0" set "CODE=1"
if defined CLICKED pause
exit /b %CODE%
